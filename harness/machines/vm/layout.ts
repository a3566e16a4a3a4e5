/** Where things are, in a hull. */
export const hullFolder = "/var/lib/hardway";
export const diskFolder = "/disk";
/** A tmpfs from where programs may be run. */
export const scratch = "/guest";
export const keyFile = `${hullFolder}/ssh/id_ed25519`;
export const knownHostsFile = `${hullFolder}/ssh/known_hosts`;

/** The tap over which a hull manages its guest. Its link-local addresses (RFC 3927) are no part of any topology. */
export const managementTap = "manage";

/** The guest's interface of management, and both ends' addresses in a /30. */
export const managed = {
  name: "manage0",
  mac: "02:68:77:6d:67:74",
  hull: "169.254.254.1",
  guest: "169.254.254.2",
} as const;
