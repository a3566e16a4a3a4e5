import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Attached } from "#harness/model/evidence";
import { Html, html } from "./html.ts";

/** A whole page that needs nothing else. */
export function document(title: string, style: string, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body>
${body}
</body>
</html>
`.text;
}

export function section(title: string, note: string | false, body: Html | readonly Html[]): Html {
  return html`<section><h2>${title}</h2>${note && html`<p class="caption">${note}</p>`}
${body}
</section>`;
}

/** A file that a full disk or somebody's broom took away is named, not linked. */
export function link({ name, file }: Attached, folder: string): Html {
  if (!existsSync(join(folder, file))) return html`<s title="the file is gone">${name}</s>`;
  const href = file.split("/").map(encodeURIComponent).join("/");
  return html`<a href="${href}">${name}</a>`;
}
