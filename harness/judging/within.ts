import type { Wait } from "../model/judging.ts";
import type { Duration } from "../model/units.ts";
import { ms } from "./duration.ts";

const named = <N extends string>(waits: Record<N, readonly [within: Duration, because: string]>): Record<N, Wait> =>
  Object.fromEntries(
    Object.entries<readonly [Duration, string]>(waits).map(([name, [within, because]]) => [
      name,
      { name, within, because },
    ]),
  ) as Record<N, Wait>;

const plus = (duration: Duration, more: Duration): Duration => `${ms(duration) + ms(more)}ms`;

/**
 * Every wait of the lab, with its reason. Generous enough that a slow computer of two cores does not fail a sound
 * cluster, and short enough that an unsound one is told soon. Add yours here; never wait without a name.
 */
export const within = {
  ...named({
    oneLook: ["10s", "a probe is one command or one request; what takes longer hangs"],
    pkiAudit: [
      "60s",
      "a look reads every certificate of seven machines and tries each cipher suite at each port: 2 s, on a busy computer ten times that",
    ],
    decided: [
      "60s",
      "a look makes some hundred requests of many callers to each API server: a second or two, on a busy computer ten times that",
    ],
    inventory: [
      "60s",
      "a machine asks each of its daemons for version, flags and metrics, and reads its certificates: 1 s, on a busy computer ten times that",
    ],
    preparationSeen: [
      "60s",
      "a machine tells the state of its swap units, modules, sysctls and services: 1 s, of two guests of User-mode Linux on a busy computer twenty; its clock is heard for a second",
    ],
    machineBoot: ["60s", "systemd is up after 2 s; several machines at once share the computer's cores"],
    sshLetsIn: [
      "60s",
      "a handshake is some milliseconds of computing; a guest of User-mode Linux on a busy computer took more than thirty seconds",
    ],
    guestBoot: [
      "40s",
      "as if it were a container, for VMs are given a multiple: a guest of User-mode Linux lets ssh in after 8 s, the fifth of five on two cores after 30 s",
    ],
    serviceStart: ["20s", "a systemd unit on a machine that is up; systemd itself gives up after 90 s"],
    apiServerRestarts: [
      "110s",
      "it stops in 2 s where --shutdown-watch-termination-grace-period ends watches, else it waits 60 s for them; starting takes 4 s, on a busy computer three times as long",
    ],
    onEtcdsDisks: ["10s", "every member writes its log as it hears of a change, and its database 100 ms later"],
    apiAnswers: [
      "120s",
      "etcd and the API server are ready after 4 s, or 12 s after a power cut with etcd's log to replay; a step that builds them fails by its own budget first",
    ],
    nodeReady: ["90s", "the kubelet is Ready once the CNI's configuration is there, whose pod must start first"],
    ansibleEvaluates: [
      "120s",
      "Ansible starts in a second and takes another one for a file of checksums or a role of a dozen tasks; a drain in it ends within half a minute",
    ],
    nodeUnready: [
      "30s",
      "containerd reads its CNI folder again at once, and a kubelet tells how its runtime is every 10 s",
    ],
    nodeLost: [
      "70s",
      "the controller-manager marks a silent node Unknown after node-monitor-grace-period (50 s since Kubernetes 1.32), looking every 5 s",
    ],
    podReady: [
      "60s",
      "images are on the node already, so only scheduling, the sandbox and readiness probes of 10 s count",
    ],
    podGone: ["45s", "a pod has 30 s to end after SIGTERM (terminationGracePeriodSeconds), then it is killed"],
    serviceAddress: [
      "15s",
      "MetalLB's controller assigns on the watch event; right after its start it reads all services first",
    ],
    endpointsUpdate: [
      "10s",
      "EndpointSlice controller and kube-proxy both work on watch events, kube-proxy at most once a second",
    ],
    dnsAnswers: ["40s", "CoreDNS answers once it has synced with the API; kubeadm's Corefile lets it cache for 30 s"],
    rulesTakeEffect: ["10s", "every API server learns of Roles and their bindings by a watch of its own"],
    apiServiceAvailable: [
      "40s",
      "each API server tries a new APIService at once, and one that did not answer again after up to 30 s",
    ],
    eventTold: ["15s", "an event is recorded right after what it tells of"],
    bgpEstablished: [
      "60s",
      "a refused or reset session is tried again after a back-off on both sides; GoBGP holds a reset neighbour idle for 30 s",
    ],
    bgpUpdate: ["10s", "an UPDATE follows the change at once, and the router has it in its kernel within 2 s"],
    bgpWithdrawal: [
      "10s",
      "a live peer withdraws at once; up to 2 s were seen until GoBGP and zebra had it out of the kernel",
    ],
    clusterReady: [
      "210s",
      "from the API server's answer on: kubelets join, a step that fails by its own budget of 120 s, and are Ready as nodeReady has it",
    ],
    addonReady: ["90s", "its pods must be scheduled, started and ready on nodes that may still be joining"],
    webAppServes: [
      "40s",
      "its pods run already; MariaDB has its tables after a second or two, then Django makes its own, trying every second",
    ],
    databaseRestarts: [
      "20s",
      "InnoDB replays its log in a second; the kubelet starts a container again at once the first time, 10 s later the second time",
    ],
    workerReboots: [
      "60s",
      "a machine is up after 2 s and its kubelet starts the node's containers anew, one after another, each with its own start and readiness probe",
    ],
    dexAnswers: ["20s", "dex listens after half a second"],
    keycloakAnswers: [
      "300s",
      "Keycloak builds its settings into itself and fills its database: 20 s of processor time, which took two minutes where other labs rose",
    ],
    tokenIssued: ["20s", "a password is hashed; Keycloak's first token waits for classes to be loaded"],
    tokenExpires: ["15s", "a short-lived token holds for a second from when it was issued"],
    auditTold: ["10s", "an API server writes an event to its audit log when the request ends, and keeps none back"],
    leaseRenewed: [
      "25s",
      "a kubelet renews its Lease every 10 s (leaseDurationSeconds 40, a quarter of it), and tries five times at once when a connection is gone; on a busy computer a renewal takes seconds",
    ],
    permissionsHeard: [
      "10s",
      "each API server keeps roles, bindings and what the Node authorizer must know by watching: heard of in milliseconds, on a busy computer in seconds",
    ],
    tokenForgotten: ["20s", "an API server remembers for 10 s that a token was good, and each of them by itself"],
    issuerTrusted: [
      "75s",
      "a changed AuthenticationConfiguration is read at once, but whether a new issuer's keys were fetched is looked at every 10 s, for a minute at most",
    ],
    certificateExpires: ["20s", "a certificate made to expire in 10 s, by the clock of who checks it"],
    kubeletRotates: [
      "40s",
      "a kubelet asks for its next certificate as it starts, when little is left of the last; controllers approve and sign what they hear of by a watch, and once more after seconds when they were refused",
    ],
    tokenCleaned: [
      "20s",
      "the controller-manager's token cleaner removes a token when it expires, its signer the signature, its garbage collector what the token owned: each by a watch, in a second or two",
    ],
    joinsRefused: [
      "30s",
      "who tries to join waits 3 s here for a signature that never comes, and some try at the same time",
    ],
    certificateReloaded: [
      "75s",
      "servers look at the file with each handshake, when told by inotify, or once a minute",
    ],
    mirrorMade: [
      "100s",
      "the kubelet shows a static pod in the API when it syncs that pod; a try before the API knew its Node is repeated after its syncFrequency of 1 min, and up to half of that more (workerResyncIntervalJitterFactor)",
    ],
    mirrorReturns: [
      "20s",
      "the kubelet makes the mirror of a static pod again when it next syncs that pod, and then tells its state",
    ],
    faultBites: ["15s", "a fault strikes at once; seeing that it did takes a look or two, and a ping waits 1 s"],
    linkDown: ["5s", "a cut link is down at once for the kernel; the reader of it polls"],
    balancerNotices: [
      "10s",
      "HAProxy checks a server every 500 ms, waits up to 2 s for its answer, and needs three failures in a row, or one success",
    ],
    addressMoves: [
      "10s",
      "keepalived takes over after three missed advertisements, a second, or once its look at HAProxy failed twice, 1 s apart",
    ],
    usersAtWork: [
      "20s",
      "before a fault users must be served for a second, a hundred requests each; on a busy computer that may take a while to begin",
    ],
    usersServed: [
      "60s",
      "of an upgrade: they begin when their pods are ready; three members of an etcd must have found each other by DNS and elected, and each router and kube-proxy must have heard of the Services",
    ],
    ledgerRead: [
      "60s",
      "it is read back by a majority of its members, of which two may just have come back; a minute of it are 6 000 keys",
    ],
    watchTold: ["5s", "a watch is told of a write in milliseconds, also after it was taken up anew"],
    watchAnew: [
      "15s",
      "after all API servers were away the client lists anew, which one that has just come back may hold up until its cache has caught up with etcd, and asks again when it hears nothing for 3 s",
    ],
    followerLost: [
      "2s",
      "requests under way at the etcd member fail with it; the next go to another, and two of three are a quorum",
    ],
    leaderLost: [
      "5s",
      "followers stand for election 1 to 2 s after the leader's last heartbeat, once more when their votes were split, and requests that waited fail after a second",
    ],
    apiServerLost: [
      "3s",
      "connections to it break, new ones are refused and tried at another at once, until HAProxy's checks have failed for a second or two and it sends none any more",
    ],
    masterLost: [
      "16s",
      "nobody refuses: HAProxy's checks must fail, and each API server's connection to the etcd member that fell silent, over which a third of its requests go, is given up after 10 s (keep-alive timeout of its etcd client)",
    ],
    masterReturns: [
      "60s",
      "a machine that boots starts everything at once, and the writes that go over its etcd member, a third, are as slow as it is until it has caught up: seen for 26 s on a busy computer",
    ],
    etcdHealthy: [
      "30s",
      "a member that comes back reads its log, joins in a second or two and catches up; a machine that booted starts its other daemons too",
    ],
    etcdMemberBack: [
      "60s",
      "etcd that is stopped gives its clients' streams 7 s to end (5 s and two election timeouts) and starts in a fraction of a second; all members must then commit a proposal, on a busy computer in ten",
    ],
    storageVersionChanges: [
      "30s",
      "the leader of etcd compares the cluster's version with its members' every 5 s, and each member its storage with the cluster's as often",
    ],
    daemonBack: [
      "60s",
      "kubelets, kube-proxies, controller-managers and schedulers answer after a second, on a busy computer after twenty; one that ends at once is started again every second, and stays so",
    ],
    quorumMissed: [
      "10s",
      "requests under way fail when their clients' patience is over, 3 s; and a second of them is looked at",
    ],
    quorumBack: [
      "30s",
      "members find each other and elect within two or three seconds; API servers reach for them again with a back-off of seconds",
    ],
    controllersBack: [
      "90s",
      "controllers lead again when the Leases that the snapshot held have not been renewed for 15 s, then read all objects, and pods start",
    ],
    leadershipPasses: [
      "30s",
      "a Lease is another's 15 s after it was last renewed (leaseDurationSeconds), looked at every 2 s; two elections and the start of controllers take seconds",
    ],
    leadershipBack: [
      "60s",
      "who led is killed, and started again by the kubelet: at once, or after 10 s when it was killed before; it then waits 15 s for its own old Lease, and looks at that every 2 to 4 s; a Job of kubeadm's takes seconds more",
    ],
    kubeadmAsks: [
      "60s",
      "kubeadm waits 15 s for a Job of its own, and deletes it with its pod; before and after it reads the cluster's configuration and looks for images",
    ],
    policyTakesEffect: [
      "30s",
      "each node hears of a policy, a label or a pod by a watch and writes its packet filter anew, in a second, on a busy computer in five; a look at what became of connections takes a second where they are dropped",
    ],
    connectionsTried: [
      "40s",
      "a look tries hundreds of connections at once from every node, and gives up those that are dropped after 0.9 s; on a computer with fifty at work for each core a look took more than 10 s",
    ],
    enforcerReturns: [
      "60s",
      "who is killed is started again by its supervisor in a second or two, reads all policies and endpoints from the API, and writes its packet filter: ten seconds, on a busy computer three times that",
    ],
    nodeDrained: [
      "120s",
      "pods have 30 s to end, and evictions that a PodDisruptionBudget forbids are tried again every 5 s until their like is ready elsewhere",
    ],
    workloadsSettle: [
      "120s",
      "evicted pods start elsewhere in seconds; DaemonSets replace their pods one node after another; a container that failed is started again after 10 s, then 20 s",
    ],
    etcdMemberSwapped: [
      "120s",
      "etcd ends in 8 s, the kubelet waits 10 to 15 s before it starts a static pod anew, and a member catches up in seconds",
    ],
    undo: ["30s", "each thing that a run made is taken away in a second; an engine gives a stubborn container 10 s"],
    modulesUnused: [
      "20s",
      "a network namespace that ended is cleared away a little later, on a busy computer's guest seconds, and uses modules until then; a module that stays in use costs all of it",
    ],
    machineReturned: [
      "300s",
      "a cluster's pods are stopped, its files removed, and what the machine was is looked at: ten seconds each, for guests of User-mode Linux on a busy computer a minute each",
    ],
    claimUndone: [
      "120s",
      "a claim whose time is over heals what it did: it boots a machine, moves a worker back or starts etcd anew, of which the longest may itself take so long",
    ],
    abortHeard: [
      "5s",
      "whoever runs the lab hears of an abort at once, and lowers it after a last look at the evidence",
    ],
    flowsAnswered: [
      "60s",
      "a look connects 120 times, eight at a time, and gives up what is not answered after 3 s: 45 s where nothing is, and what a busy computer adds",
    ],
    flowsFollow: [
      "25s",
      "kube-proxy follows within a second; a look that began before takes 15 s where a third of the flows goes to dead pods, the next one 2 s",
    ],
    podsAskApi: [
      "30s",
      "a pod asks seven times, one after another, and gives up what is not answered after 3 s: 21 s where nothing is, and what a busy computer adds",
    ],
    pairMatrix: [
      "60s",
      "a look starts a program or two on each node and sends all shapes between all pairs at once: 2 s, 7 s where packets are lost; 36 s were seen on a busy computer",
    ],
    ratesTaken: [
      "120s",
      "a look sends for 0.4 s each way between three pairs, three times over: 9 s, 30 s more where nothing gets through, and what a busy computer adds",
    ],
    podRoutesSpread: [
      "30s",
      "a node's first pod may bring it a block of addresses, of which the other nodes hear by a watch or by BGP within seconds",
    ],
    branchChanges: [
      "150s",
      "the moved node's kubelet must tell its new address, which takes up to 10 s, its agent must start anew, and the others hear of it by a watch; routes that Felix loses while it makes its device anew it finds missing when it looks at all of them, every 90 s (routeRefreshInterval)",
    ],
    evidence: ["30s", "evidence is worth a wait, but not one that looks as if the lab hung"],
  }),

  /**
   * A dead peer's routes go when the negotiated hold time has passed without a KEEPALIVE (RFC 4271 §6.5).
   * @param holdTime As negotiated: the smaller of both sides' (§4.2). MetalLB offers 90 s unless its BGPPeer says otherwise.
   */
  bgpHoldTime: (holdTime: Duration): Wait => ({
    name: "bgpHoldTime",
    within: plus(holdTime, "5s"),
    because: `the hold time is ${holdTime}, counted from the last KEEPALIVE, and withdrawal takes up to 2 s more, on a busy computer 5 s`,
  }),

  /** The time that a probe with its own period and threshold takes to notice, e.g. a readiness probe. */
  probeThreshold: (period: Duration, failures: number): Wait => ({
    name: "probeThreshold",
    within: plus(`${ms(period) * failures}ms`, "5s"),
    because: `${failures} probes in a row, ${period} apart, must fail before it is acted upon, and acting takes up to 5 s`,
  }),
} as const;
