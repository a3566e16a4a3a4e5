import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { stringify } from "yaml";
import type { Evidence } from "../model/evidence.ts";
import type { KubeObject } from "../model/kube.ts";
import { connect, exitCodeOf } from "./connect.ts";

const pem = (name: string) => readFileSync(new URL(`testdata/${name}.pem`, import.meta.url));
const cert = pem("cert");
const key = pem("key");

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly type: string | undefined;
  readonly body: KubeObject | undefined;
}

const kinds: Record<string, { kind: string; name: string; namespaced: boolean }[]> = {
  "/api/v1": [
    { kind: "Pod", name: "pods", namespaced: true },
    { kind: "Pod", name: "pods/status", namespaced: true },
    { kind: "Namespace", name: "namespaces", namespaced: false },
    { kind: "ConfigMap", name: "configmaps", namespaced: true },
  ],
  "/apis/apiextensions.k8s.io/v1": [
    { kind: "CustomResourceDefinition", name: "customresourcedefinitions", namespaced: false },
  ],
};

let server: Server;
let asked: Asked[];
let connections: number;
/** Answers what is not discovery. */
let answer: (request: Asked) => { status?: number; body?: unknown; events?: unknown[] };
const journal: Evidence[] = [];

beforeEach(async () => {
  asked = [];
  connections = 0;
  server = createServer({ key, cert }, async (request, response) => {
    const url = new URL(request.url ?? "", "https://kubernetes");
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : undefined;
    if (request.method === "GET" && kinds[url.pathname]) {
      response.end(JSON.stringify({ resources: kinds[url.pathname] }));
      return;
    }
    const one: Asked = {
      method: request.method ?? "",
      path: url.pathname,
      query: url.searchParams,
      type: request.headers["content-type"],
      body,
    };
    asked.push(one);
    const { status = 200, body: said = {}, events } = answer(one);
    response.statusCode = status;
    if (events) for (const event of events) response.write(`${JSON.stringify(event)}\n`);
    else response.end(typeof said === "string" ? said : JSON.stringify(said));
  });
  server.on("secureConnection", () => connections++);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function client() {
  const user = { "client-certificate-data": cert.toString("base64"), "client-key-data": key.toString("base64") };
  const kubeconfig = stringify({
    "current-context": "admin",
    clusters: [{ name: "lab", cluster: { server: "x", "certificate-authority-data": cert.toString("base64") } }],
    contexts: [{ name: "admin", context: { cluster: "lab", user: "admin" } }],
    users: [{ name: "admin", user }],
  });
  const run = {
    journal: { write: (entry: Evidence) => void journal.push(entry), attach: () => "" },
    signal: new AbortController().signal,
  };
  return connect({ kubeconfig, server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, run });
}

const configMap = (name: string, namespace?: string): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, ...(namespace && { namespace }) },
});

test("definitions and namespaces are applied first, the rest in order, strictly, over few connections", async () => {
  using kube = client();
  const definition: KubeObject = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "pools.metallb.io" },
    spec: { group: "metallb.io", versions: [{ name: "v1", served: true }] },
  };
  const established = { ...definition, status: { conditions: [{ type: "Established", status: "True" }] } };
  answer = ({ query }) =>
    query.has("watch")
      ? {
          events: [
            { type: "ADDED", object: definition },
            { type: "MODIFIED", object: established },
          ],
        }
      : {};
  await kube.apply([
    configMap("a", "lab"),
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "lab" } },
    definition,
    ...["b", "c", "d"].map((name) => configMap(name)),
  ]);

  expect(asked.filter(({ method }) => method === "PATCH").map(({ path }) => path)).toEqual([
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/pools.metallb.io",
    "/api/v1/namespaces/lab",
    "/api/v1/namespaces/lab/configmaps/a",
    "/api/v1/namespaces/default/configmaps/b",
    "/api/v1/namespaces/default/configmaps/c",
    "/api/v1/namespaces/default/configmaps/d",
  ]);
  const watched = asked.findIndex(({ query }) => query.has("watch"));
  expect(watched).toBe(2);
  expect(asked[watched]?.query.get("fieldSelector")).toBe("metadata.name=pools.metallb.io");
  expect(asked[3]?.type).toBe("application/apply-patch+yaml");
  expect(Object.fromEntries(asked[3]?.query ?? [])).toEqual({
    fieldManager: "hardway",
    force: "true",
    fieldValidation: "Strict",
  });
  // Two at once at first, and one for the watch.
  expect(connections).toBeLessThanOrEqual(3);
});

test("an object that is not there is undefined, and listed objects know their kind", async () => {
  using kube = client();
  answer = ({ path }) =>
    path.endsWith("/web") ? { status: 404 } : { body: { items: [{ metadata: { name: "web-1" } }] } };
  const pod = { apiVersion: "v1", kind: "Pod" };
  expect(await kube.get({ ...pod, namespace: "default", name: "web" })).toBeUndefined();
  expect(await kube.list(pod, "app=web")).toEqual([{ ...pod, metadata: { name: "web-1" } }]);
  expect(asked.at(-1)?.path).toBe("/api/v1/pods");
  expect(asked.at(-1)?.query.get("labelSelector")).toBe("app=web");
});

test("what the API server refuses is told in its own words", async () => {
  using kube = client();
  const message = 'ConfigMap "A" is invalid: metadata.name: Invalid value: "A"';
  answer = () => ({ status: 422, body: { kind: "Status", message } });
  await expect(kube.apply([configMap("A")])).rejects.toMatchObject({
    message: expect.stringMatching(/^the API server refuses to apply ConfigMap A\n/),
    particulars: { seen: `422 ${message}` },
  });
  await expect(kube.apply([{ ...configMap("a"), kind: "Confgmap" }])).rejects.toThrow(
    "the API server does not know the kind Confgmap of v1",
  );
});

test("removing waits until the object is gone, and the connection can be used again", async () => {
  using kube = client();
  const object = { ...configMap("a"), metadata: { name: "a", resourceVersion: "7" } };
  answer = ({ query }) => (query.has("watch") ? { events: [{ type: "DELETED", object }] } : { body: object });
  await kube.remove({ apiVersion: "v1", kind: "ConfigMap", name: "a" }, { graceSeconds: 1 });
  expect(asked.map(({ method }) => method)).toEqual(["DELETE", "GET", "GET"]);
  expect(asked[0]?.body).toMatchObject({ gracePeriodSeconds: 1, propagationPolicy: "Foreground" });
  expect(asked[2]?.query.get("resourceVersion")).toBe("7");
});

test("an API server that does not answer is told so", async () => {
  using kube = client();
  const { port } = server.address() as AddressInfo;
  server.close();
  await expect(kube.raw("/readyz")).rejects.toMatchObject({
    message: expect.stringMatching(/^GET \/readyz: the API server does not answer/),
    particulars: { seen: `connect ECONNREFUSED 127.0.0.1:${port}` },
  });
});

test("exit codes of commands in pods", () => {
  expect(exitCodeOf({ status: "Success" })).toBe(0);
  const details = { causes: [{ reason: "ExitCode", message: "7" }] };
  expect(exitCodeOf({ status: "Failure", reason: "NonZeroExitCode", details })).toBe(7);
  expect(exitCodeOf({ status: "Failure", message: "container not found" })).toBeUndefined();
});
