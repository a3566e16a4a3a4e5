import type { ResolvedNode, ResolvedTopology } from "../model/topology.ts";
import { type Inventory, type InventoryOptions, inventory } from "./inventory.ts";
import { groupName, type TaggedServer, tagged } from "./servers.ts";

/**
 * The machines of a lab as a cloud would list them: those of the cluster, and others that have tags. A role is a tag of its own;
 * where no machine has the tag etcd, the control planes are its members. An etcd member is called as its machine.
 */
export function labServers({ nodes }: ResolvedTopology): readonly TaggedServer[] {
  const tagsOf = ({ tags = [] }: ResolvedNode) => tags.map(groupName);
  const external = nodes.some((node) => tagsOf(node).includes("etcd"));
  return nodes
    .filter((node) => impliedBy[node.role] !== undefined || (node.tags ?? []).length > 0)
    .map((node) => {
      const implied = [impliedBy[node.role] ?? [], !external && node.role === "control-plane" ? ["etcd"] : []].flat();
      const tags = [...(node.tags ?? []), ...implied];
      const member = tags.includes("etcd") && !tags.some((tag) => tag.startsWith("@etcd_member_name="));
      return tagged({
        name: node.name,
        address: node.interfaces[0]?.address ?? "",
        sshName: node.name,
        tags: member ? [...tags, `@etcd_member_name=${node.name}`] : tags,
      });
    });
}

const impliedBy: Readonly<Partial<Record<ResolvedNode["role"], string>>> = {
  "control-plane": "kube_control_plane",
  worker: "kube_node",
};

/**
 * The inventory of a lab, for an Ansible whose ssh configuration knows the machines by their names. Throws `Misdeclared` with
 * everything that is wrong with the tags.
 */
export const labInventory = (topology: ResolvedTopology, options: InventoryOptions = {}): Inventory =>
  inventory(labServers(topology), options);
