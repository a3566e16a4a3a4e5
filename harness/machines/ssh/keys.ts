import ssh2 from "ssh2";

/** A key pair as ssh-keygen writes it: the private key without a passphrase, the public one as a line of a .pub file. */
export interface KeyPair {
  readonly private: string;
  readonly public: string;
}

/** A new Ed25519 key pair. */
export const newKeyPair = (): KeyPair => ssh2.utils.generateKeyPairSync("ed25519");
