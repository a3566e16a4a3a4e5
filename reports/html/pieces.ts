import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Attached } from "#harness/model/evidence";
import { type Html, html } from "./html.ts";

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
