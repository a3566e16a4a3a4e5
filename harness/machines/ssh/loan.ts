import { within } from "#harness/judging/within";
import { LabBroken } from "#harness/model/errors";
import type { Shell } from "#harness/model/machines";
import type { FileTree } from "#harness/model/units";
import { ownerText, parseOwner, thisOwner } from "#harness/run/owner";
import { type RunState, stateOf } from "#harness/run/registry";
import { putFiles } from "../files.ts";
import { quoted } from "../quoted.ts";
import { loadedModules, unload } from "./modules.ts";

/** Where a machine keeps what it was before a lab had it: by run, also over a reboot. */
const shelf = "/var/lib/hardway";

/** The folder of a run on a machine: what is needed to give it back. */
export const folderOf = (run: string): string => `${shelf}/${run}`;

/** Who has a machine now, or had it and did not give it back. */
export interface Mark {
  readonly run: string;
  readonly state: RunState;
}

/** The runs that have a machine, or had it and did not give it back. */
export async function marksOn(sh: Shell): Promise<Mark[]> {
  const { stdout } = await sh(`cd ${shelf} 2>/dev/null && grep -H . */owner`, { ok: "any" });
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const [file = "", ...owner] = line.split(":");
      const run = file.replace(/\/owner$/, "");
      const who = parseOwner(owner.join(":"));
      return { run, state: who ? stateOf(run, who) : "elsewhere" };
    });
}

/** Writes down on a machine that this process has it for a run. */
export async function mark(sh: Shell, run: string): Promise<void> {
  await putFiles(sh, { [`${folderOf(run)}/owner`]: `${ownerText(thisOwner())}\n` });
}

/** Takes back a mark of a run that did nothing to the machine. */
export async function unmark(sh: Shell, run: string): Promise<void> {
  await sh(`rm -rf ${quoted(folderOf(run))}; [ ! -e ${shelf} ] || rmdir --ignore-fail-on-non-empty ${shelf}`);
}

/** Settings that a cluster's daemons make: containerd, kubelet and kube-proxy, and what an installation guide asks for. */
const settings = [
  ...["vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_max*"],
  ...["net/bridge", "net/netfilter/nf_conntrack_max", "net/netfilter/nf_conntrack_tcp*", "net/ipv4/ip_forward"],
  ...["net/ipv4/conf/all", "net/ipv4/conf/default", "net/ipv6/conf/all/forwarding"],
].join(" ");

/**
 * What a machine looks like to those who want it back, a line for each thing. Modules come first, since other looks load
 * some; `sysctl -a` would even mount binfmt_misc. Not of it are chains that the kernel makes as soon as anybody asks for a
 * table, and what containerd keeps for itself.
 */
const look = `{
${loadedModules} | sed 's/^/module /'
ps -e -o ppid= -o comm= | awk '$1 == 1 && $2 != "systemd" { print "process", $2 }'
systemctl list-units --type=service --state=running --plain --no-legend | awk '{ print "service", $1 }' | grep -v 'user@'
systemctl list-unit-files --state=enabled,masked --plain --no-legend | awk '{ print "unit", $1, $2 }'
sed 's/^/hostname /' /proc/sys/kernel/hostname
awk 'NR > 1 { print "swap", $1 }' /proc/swaps
(cd /proc/sys && find ${settings} -type f | xargs sysctl) | sed 's/^/sysctl /'
ls /sys/class/net | sed 's/^/link /'
ip -4 -o address | awk '{ print "address", $2, $4 }'
ip -4 route | sed 's/^/route /; s/ *$//'
awk '{ print "mount", $5 }' /proc/self/mountinfo
for family in ip ip6; do
  \${family}tables-save | grep '^[:-]' | grep -v '^:[A-Z]* ACCEPT' | sed "s/\\[.*//; s/^/$family filter /; s/ *$//"
done
find /etc -xdev -type f -exec sha256sum {} + | awk '{ print "file", $2, $1 }'
find /etc -xdev ! -type f -printf 'file %p %l\\n'
find /opt /usr/local /root /var/lib -xdev -maxdepth 2 \\( -path ${shelf} -o -path '/var/lib/containerd/*' \\) -prune -o -printf 'path %p\\n'
} 2>/dev/null | sort -u`;

/**
 * Writes down what a machine is, before anything is done to it. Whole or not at all: modules that are not in `before` are
 * taken out of the kernel when it is given back.
 */
export async function writeDown(sh: Shell, run: string, signal?: AbortSignal): Promise<void> {
  await sh(
    `cd ${quoted(folderOf(run))} && mkdir -p undo kept && touch made && ${look} > looked &&
grep '^sysctl ' looked | cut -d' ' -f2- > sysctls && hostname > hostname && mv looked before`,
    { within: within.machineReturned.within, ...(signal && { signal }) },
  );
}

/** Puts files on a machine, and keeps those that they replace. */
export async function putOnLoan(sh: Shell, run: string, files: FileTree): Promise<void> {
  await sh(["/bin/sh", "-c", keeping, "sh", folderOf(run), ...Object.keys(files)]);
  await putFiles(sh, files);
}

/**
 * Of a path that is not there, the highest folder that is not there either is what the lab makes. A file is kept once all of
 * it is: half of one, as a full disk leaves it, would be put back over the whole one.
 */
const keeping = `set -e
cd /
folder=$1
shift
is_made() { while read -r made; do case "$1" in "$made" | "$made"/*) return 0 ;; esac; done <"$folder/made"; return 1; }
for path; do
  if is_made "$path" || [ -e "$folder/kept$path" ] || [ -L "$folder/kept$path" ]; then continue; fi
  if [ -e "$path" ] || [ -L "$path" ]; then
    cp -a "$path" "$folder/copy.$$"
    mkdir -p "$(dirname "$folder/kept$path")"
    mv -T "$folder/copy.$$" "$folder/kept$path"
    continue
  fi
  while above=$(dirname "$path"); [ ! -e "$above" ]; do path=$above; done
  echo "$path" >>"$folder/made"
done`;

let told = 0;

/** Writes down on a machine what is to be run on it when it is given back: all of it, or nothing is run. */
export async function writeUndo(sh: Shell, run: string, what: string, script: string): Promise<void> {
  const nth = `${Date.now()}-${String(told++).padStart(6, "0")}`;
  const draft = `${folderOf(run)}/told/${nth}`;
  await putFiles(sh, { [draft]: `# ${what}\n${script}\n` });
  await sh(["mv", draft, `${folderOf(run)}/undo/${nth}`]);
}

/**
 * Gives a machine back as it was: ends commands of the lab that still run, runs what was written down to be run, the last
 * first, puts back files, settings, name and swap, and takes out of the kernel what modules were not in it. Returns what is
 * otherwise than before, and what could not be undone, a line for each thing. Of a machine that was given back already it
 * returns nothing.
 */
export async function giveBack(sh: Shell, run: string): Promise<string[]> {
  const { exitCode, stdout, stderr } = await sh(
    ["env", "HARDWAY_GIVES_BACK=1", "/bin/sh", "-c", givingBack, "sh", folderOf(run)],
    { within: within.machineReturned.within, ok: "any" },
  );
  if (exitCode === 0) return stdout.split("\n").filter(Boolean);
  throw new LabBroken("could not be brought back to what it was", {
    seen: stderr.trim() || `exit code ${exitCode}`,
    look: `${folderOf(run)} on it, where its files are kept`,
  });
}

/**
 * Who comes second waits, and finds the folder gone. A run that wrote nothing down was refused the machine, and what runs
 * there is another's. Files that cannot be put back are kept for the next time.
 */
const givingBack = `cd "$1" 2>/dev/null || exit 0
exec 9<.
flock 9
[ -e "$1" ] || exit 0
${unload}
[ ! -e made ] || for process in /proc/[0-9]*; do
  marks=$(tr '\\0' '\\n' 2>/dev/null <$process/environ | grep -E '^HARDWAY_(EXEC|GIVES_BACK)=') || continue
  case "$marks" in *HARDWAY_GIVES_BACK=*) ;; *) kill -KILL "\${process#/proc/}" 2>/dev/null ;; esac
done
for undo in $(ls -r undo 2>/dev/null); do
  timeout 120 /bin/sh undo/$undo >said 2>&1 9<&- ||
    echo "not undone: $(sed -n '1s/^# //p' undo/$undo): exit code $?: $(tail -n 2 said | tr '\\n' ' ')"
done
lost=
[ ! -d kept ] || (cd kept && find . ! -type d | {
  while read -r file; do mkdir -p "/\${file%/*}" && cp -a --remove-destination "$file" "/$file" || lost=1; done
  [ ! "$lost" ]
}) || lost=1
[ ! -e made ] || while read -r path; do rm -rf "$path"; done <made
[ ! -e hostname ] || hostname "$(cat hostname)"
[ ! -e sysctls ] || { sysctl -e -q -p sysctls; sysctl -e -q -p sysctls; } >/dev/null 2>&1
[ ! -s before ] || sed -n 's/^swap //p' before | while read -r swap; do swapon "$swap" 2>/dev/null; done
systemctl daemon-reload
if [ -s before ]; then
  had=$(sed -n 's/^module //p' before)
  unload "$had"
  ${look} >after
  unload "$had"
  comm -13 before after | sed 's/^/new: /'
  comm -23 before after | sed 's/^/gone: /'
fi
[ ! "$lost" ] || exit 1
cd /
rm -rf "$1"
rmdir --ignore-fail-on-non-empty ${shelf}`;
