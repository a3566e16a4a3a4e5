import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, CommanderError, Option } from "commander";
import { HardwayError } from "../model/errors.ts";
import { exitCodeOf, exitCodes } from "./exit.ts";
import { project } from "./scenarios.ts";
import { pathSyntax } from "./upgrade-paths.ts";

const exitCodeHelp = `
Exit codes:
  0    conforms, or the command did what it was asked
  1    violates: a claim about the cluster is false; something is left over
  2    broken: the lab, the scenario or the command line is wrong
  3    unsupported: this computer lacks something that the scenario needs
  130  interrupted with Ctrl-C, after the lab was lowered
exec, shell, kubectl and logs end with the exit code of what they ran.`;

const preflightHelp = `
Kubespray is read from HARDWAY_KUBESPRAY, a clone or a URL; no cluster is asked.
  stops     the hop will fail          breaks    something that works will not          changes   worth knowing
The exit code is 1 where anything stops or breaks.`;

const runOption = () =>
  new Option("--run <id>", "which lab, by the beginning or the end of its id (default: the only one)");

const inventoryOption = () =>
  new Option("--inventory <file>", "machines that exist already, YAML or JSON").env("HARDWAY_INVENTORY");

const machinesOption = () =>
  new Option(
    "--machines <kind>",
    "what the cluster's machines are (default: containers if their kernel has what is needed)",
  ).choices(["container", "vm"]);

/** `exec rt-01 -- ip route` and `exec rt-01 ip route` are the same; later dashes belong to the command. */
const afterDashes = (words: readonly string[]): readonly string[] => (words[0] === "--" ? words.slice(1) : words);

/** The command line, with the exit code left to `done`. */
export function program(done: (code: number) => void): Command {
  const { version } = JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as { version: string };
  const hardway = new Command("hardway")
    .description("Raises real clusters on real topologies, and judges claims about them.")
    .version(version)
    .enablePositionalOptions()
    .showHelpAfterError("(hardway --help tells more)")
    .addHelpText("after", exitCodeHelp)
    .hook("preAction", (_, command) => {
      const { machines } = command.opts<{ machines?: string }>();
      if (machines !== undefined) process.env.HARDWAY_MACHINES = machines;
    });

  hardway
    .command("up")
    .description("raise a scenario's lab and keep it")
    .argument("<scenario>", "folder or id of a scenario")
    .option("--variant <name>", "one of its variants")
    .option("--until <step>", "stop after this provisioning step")
    .addOption(machinesOption())
    .addOption(inventoryOption())
    .action(async (folder, options) => done(await (await import("./up.ts")).up(folder, options)));

  hardway
    .command("down")
    .description("take a lab down")
    .argument("[run]", "id of its run, or the beginning or end of it (default: the only one)")
    .option("--all", "every lab that is kept, and whatever dead runs left")
    .addOption(
      new Option(
        "--forget",
        "also if machines of an inventory are gone for good, and so cannot be given back",
      ).conflicts("all"),
    )
    .action(async (run, options) => done(await (await import("./status.ts")).down(run, options)));

  hardway
    .command("status")
    .description("labs that are up")
    .option("--leftovers", "everything in the engine that a run made; exit code 1 if there is any")
    .action(async (options) => done(await (await import("./status.ts")).status(options)));

  hardway
    .command("shell")
    .description("a root shell on a machine; `fabric` is where the segments' bridges are")
    .argument("<machine>")
    .addOption(runOption())
    .action(async (machine, options) => done(await (await import("./enter.ts")).shell(machine, options)));

  hardway
    .command("exec")
    .description("run a command on a machine: hardway exec rt-01 -- ip route")
    .argument("<machine>")
    .argument("<command...>")
    .addOption(runOption())
    .passThroughOptions()
    .action(async (machine, command, options) =>
      done(await (await import("./enter.ts")).exec(machine, afterDashes(command), options)),
    );

  hardway
    .command("kubectl")
    .description("kubectl on the control plane, as the cluster's admin: hardway kubectl -- get nodes")
    .argument("[arguments...]")
    .addOption(runOption())
    .passThroughOptions()
    .action(async (args, options) => done(await (await import("./enter.ts")).kubectl(afterDashes(args), options)));

  hardway
    .command("logs")
    .description("the journal of a machine, or of one unit on it: hardway logs k8s-node-01 kubelet -f")
    .argument("<machine>")
    .argument("[unit]")
    .option("-f, --follow", "go on as it grows")
    .option("-n, --lines <count>", "how many of the last lines", "200")
    .addOption(runOption())
    .action(async (machine, unit, options) => done(await (await import("./enter.ts")).logs(machine, unit, options)));

  hardway
    .command("capture")
    .description("record a segment's packets until Ctrl-C")
    .argument("<segment>")
    .option("--filter <expression>", "tcpdump's, such as 'tcp port 179'")
    .option("--node <name>", "only what passes the switch port of this machine")
    .option("--for <duration>", "end after this time, such as 10s")
    .option("-w, --write <file>", "where to put it (default: the run's folder)")
    .addOption(runOption())
    .action(async (segment, options) => done(await (await import("./capture.ts")).capture(segment, options)));

  hardway
    .command("ssh-config")
    .description("an ssh_config(5) for a lab's machines that are VMs, for those of an inventory, or for tagged servers")
    .argument("[run]", "id of its run, or the beginning or end of it (default: the only one)")
    .option("-w, --write <file>", "where to put it (default: standard output)")
    .addOption(inventoryOption())
    .option("--servers <file>", "a list of servers as `hardway inventory` takes it: those with the tag @sshconfig")
    .option("--cluster <name>", "of which cluster of that list (default: HARDWAY_CLUSTER, or the only one)")
    .addHelpText("after", "\n  npx hardway ssh-config -w lab.ssh && ssh -F lab.ssh k8s-node-01")
    .action(async (run, options) => done(await (await import("./ssh-config.ts")).sshConfig(run, options)));

  hardway
    .command("ssh-proxy", { hidden: true })
    .argument("<machine>")
    .addOption(runOption())
    .action(async (machine, options) => done(await (await import("./ssh-config.ts")).sshProxy(machine, options)));

  hardway
    .command("list")
    .description("scenarios: what each proves, and when it runs")
    .action(async () => done(await (await import("./list.ts")).list()));

  hardway
    .command("doctor")
    .description("what this computer has for raising labs: engine, kernel features, tools, disk")
    .action(async () => done(await (await import("./doctor.ts")).doctor()));

  hardway
    .command("inventory")
    .description(
      "an Ansible inventory program: the groups of one cluster from the tags of servers, or of a lab's machines",
    )
    .addOption(
      new Option(
        "--servers <file>",
        "JSON or YAML list of {name, address, publicAddress, tags} (default: HARDWAY_SERVERS)",
      ).conflicts(["run", "scenario"]),
    )
    .addOption(
      new Option("--run <id>", "of a lab, by the beginning or the end of its id (default: HARDWAY_RUN)").conflicts(
        "scenario",
      ),
    )
    .option("--scenario <folder>", "of the lab that a scenario raises (default: HARDWAY_SCENARIO)")
    .option("--cluster <name>", "of which cluster (default: HARDWAY_CLUSTER, or the only one)")
    .option("--group-vars <file>", "YAML or JSON, variables by group (default: HARDWAY_GROUP_VARS)")
    .option("--list", "groups and variables as JSON, as Ansible asks for them; also the default")
    .option("--host <name>", "the variables of one machine as JSON")
    .addOption(new Option("--yaml", "as a YAML inventory file").conflicts(["list", "host", "ini"]))
    .addOption(new Option("--ini", "as an INI inventory file").conflicts(["list", "host"]))
    .action(async (options) => done(await (await import("./inventory.ts")).inventoryCommand(options)));

  hardway
    .command("artifacts")
    .description("programs in the cache, and where each came from")
    .option("--verify", "read every file again and compare its SHA-256; exit code 2 if one differs")
    .option("--prune", "remove the engine's images and stores that no scenario is made of any more")
    .action(async ({ prune, ...options }) => {
      const command = await import("./artifacts.ts");
      done(await (prune ? command.prune() : command.artifacts(options)));
    });

  hardway
    .command("rejudge")
    .description("judge a stored run again, from its journal, without a cluster")
    .argument("<run>", "its folder, or its id")
    .action(async (run) => done(await (await import("./rejudge.ts")).rejudgeRun(run)));

  hardway
    .command("upgrade")
    .description("take an upgrade path in its lab, and print what it cost users and what it changed")
    .argument("[path]", "name of a path, or one as it is written below")
    .option("--list", "paths that have a name")
    .addOption(machinesOption())
    .addHelpText("after", pathSyntax)
    .action(async (path, options) => done(await (await import("./upgrade.ts")).upgrade(path, options)));

  hardway
    .command("preflight")
    .description("what a hop between versions of Kubespray means for your settings, before anything is changed")
    .argument("<path>", "such as kubespray:v2.30.0..v2.31.0")
    .option(
      "--settings <file>",
      "your changed variables, YAML or JSON, as ansible-playbook --extra-vars @file takes them",
    )
    .option("--defaults", "list every default that changes, too")
    .option("--json", "print all of it as JSON")
    .addHelpText("after", preflightHelp)
    .action(async (path, options) => done(await (await import("./preflight.ts")).preflight(path, options)));

  hardway
    .command("compare")
    .description("lay upgrade paths side by side: what each cost users, what it changed, how long it took")
    .argument("<runs-or-paths...>", "folders or ids of runs, and paths, which are taken first")
    .option("--times <count>", "how often each path is taken; runs of one path are its repetitions", Number, 1)
    .option("--html <file>", "where the page goes (default: among the runs)")
    .option("--json", "print the comparison as JSON instead of the table")
    .addHelpText("after", pathSyntax)
    .action(async (wanted, options) => done(await (await import("./compare.ts")).compare(wanted, options)));

  hardway
    .command("bench")
    .description("how long each stage takes, beside the same cluster made without us; `npm run bench` is this")
    .argument("[scenarios...]", "folders or ids of scenarios that have a bench.ts (default: all)")
    .option("--times <count>", "repetitions", Number, 3)
    .option("--cold", "first once with nothing in the cache: a quarter of an hour")
    .option("--strict", "exit code 1 when an aim is missed")
    .option("--out <folder>", "where bench-<scenario>.json and .md go", join(project, "reports/published"))
    .action(async (folders, options) => done(await (await import("./bench.ts")).bench(folders, options)));

  hardway
    .command("test")
    .description("unit tests and scenarios; `npm test` is this")
    .argument("[filters...]", "paths, such as scenarios/metallb-bgp; further options go to vitest")
    .addOption(new Option("--tier <tier>", "which scenarios").choices(["core", "nightly"]).default("core"))
    .addOption(new Option("--keep <when>", "leave labs up").choices(["never", "failure", "always"]).default("never"))
    .addOption(machinesOption())
    .allowUnknownOption()
    .action(async (filters, options) => (await import("./test.ts")).test(filters, options));

  return hardway;
}

function say(error: unknown): void {
  // A HardwayError is written for the reader; anything else is a bug of ours, and its stack shows where.
  const text = error instanceof HardwayError ? error.message : error instanceof Error ? error.stack : String(error);
  process.stderr.write(`hardway: ${text}\n`);
}

/** Runs `hardway` with these arguments. Returns the exit code; never throws. */
export async function main(args: readonly string[]): Promise<number> {
  let code: number = exitCodes.conforms;
  const hardway = program((ended) => {
    code = ended;
  });
  for (const command of [hardway, ...hardway.commands]) command.exitOverride();
  try {
    await hardway.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.conforms : exitCodes.broken;
    say(error);
    return exitCodeOf(error);
  }
}
