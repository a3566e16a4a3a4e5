import ssh2 from "ssh2";

/** A key pair as ssh-keygen writes it: the private key without a passphrase, the public one as a line of a .pub file. */
export interface KeyPair {
  readonly private: string;
  readonly public: string;
}

/**
 * A new Ed25519 key pair. Where the public key begins with a zero, as one in 256 does, ssh2 1.17 leaves that out
 * (https://github.com/mscdex/ssh2/issues/1390): neither OpenSSH nor ssh2 itself reads such a pair, and another is made.
 */
export function newKeyPair(): KeyPair {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync("ed25519");
    if (isReadable(pair)) return pair;
  }
}

const isReadable = (pair: KeyPair): boolean =>
  [pair.private, pair.public].every((key) => !(ssh2.utils.parseKey(key) instanceof Error));
