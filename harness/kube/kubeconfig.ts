import { parse, stringify } from "yaml";
import { LabBroken } from "../model/errors.ts";

/** What a client needs of a kubeconfig: whom to ask, whom to trust, who one is. */
export interface Credentials {
  readonly server: URL;
  readonly serverName: string | undefined;
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

interface Kubeconfig {
  readonly "current-context": string;
  readonly clusters: readonly { readonly name: string; cluster: Readonly<Record<string, string>> }[];
  readonly contexts: readonly {
    readonly name: string;
    readonly context: { readonly cluster: string; readonly user: string };
  }[];
  readonly users: readonly { readonly name: string; readonly user: Readonly<Record<string, string>> }[];
}

/**
 * The same kubeconfig for use from this computer: every cluster is asked at `server`, and its certificate is checked
 * for `serverName`, since it names no address of this computer. Throws `LabBroken` when it is no kubeconfig.
 */
export function redirected(kubeconfig: string, server: string, serverName: string): string {
  const config = parsed(kubeconfig);
  for (const entry of config.clusters) entry.cluster = { ...entry.cluster, server, "tls-server-name": serverName };
  return stringify(config);
}

/**
 * Reads the current context of a kubeconfig with a client certificate inside, as kubeadm's admin.conf is. Throws
 * `LabBroken` naming what it lacks.
 */
export function credentials(kubeconfig: string): Credentials {
  const config = parsed(kubeconfig);
  const context = config.contexts.find((c) => c.name === config["current-context"])?.context;
  const cluster = config.clusters.find((c) => c.name === context?.cluster)?.cluster;
  const user = config.users.find((u) => u.name === context?.user)?.user;
  const need = (from: Readonly<Record<string, string>> | undefined, key: string): string => {
    const value = from?.[key];
    if (value !== undefined) return value;
    throw new LabBroken(`the kubeconfig has no ${key} for its current context`, { who: config["current-context"] });
  };
  const decode = (text: string) => Buffer.from(text, "base64");
  return {
    server: new URL(need(cluster, "server")),
    serverName: cluster?.["tls-server-name"],
    ca: decode(need(cluster, "certificate-authority-data")),
    cert: decode(need(user, "client-certificate-data")),
    key: decode(need(user, "client-key-data")),
  };
}

function parsed(kubeconfig: string): Kubeconfig {
  const config: Partial<Kubeconfig> | undefined = parse(kubeconfig);
  if (config?.clusters && config.contexts && config.users && config["current-context"]) return config as Kubeconfig;
  throw new LabBroken("this is no kubeconfig: it lacks clusters, contexts, users or current-context", {
    seen: kubeconfig.slice(0, 200),
  });
}
