import { expect, test } from "vitest";
import { credentials, redirected } from "./kubeconfig.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** As kubeadm writes admin.conf. */
const admin = `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${base64("the CA")}
    server: https://172.17.0.10:6443
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: kubernetes-admin
  name: kubernetes-admin@kubernetes
current-context: kubernetes-admin@kubernetes
kind: Config
users:
- name: kubernetes-admin
  user:
    client-certificate-data: ${base64("the certificate")}
    client-key-data: ${base64("the key")}
`;

test("a redirected kubeconfig asks elsewhere, trusts and proves the same", () => {
  const seen = credentials(redirected(admin, "https://127.0.0.1:40213", "kubernetes"));
  expect(seen.server.href).toBe("https://127.0.0.1:40213/");
  expect(seen.serverName).toBe("kubernetes");
  expect([seen.ca, seen.cert, seen.key].map(String)).toEqual(["the CA", "the certificate", "the key"]);
});

test("what a kubeconfig lacks is named", () => {
  expect(() => credentials(admin.replace("client-key-data", "tokenFile"))).toThrow(
    "kubernetes-admin@kubernetes: the kubeconfig has no client-key-data for its current context",
  );
  expect(() => credentials("Error from server")).toThrow(
    /^this is no kubeconfig: it lacks clusters, contexts, users or current-context\n +seen: +Error from server$/,
  );
});
