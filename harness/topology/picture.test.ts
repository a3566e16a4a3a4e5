import { describe, expect, test } from "vitest";
import { pictureSvg, pictureText } from "./picture.ts";
import { resolve } from "./resolve.ts";
import { many } from "./testdata/many.ts";
import { metallbBgp } from "./testdata/metallb-bgp.ts";

const pictured = [
  ["metallb-bgp", resolve(metallbBgp)],
  ["many", resolve(many)],
] as const;

describe.each(pictured)("%s", (name, topology) => {
  test("as text", async () => {
    await expect(pictureText(topology)).toMatchFileSnapshot(`testdata/${name}.golden.txt`);
  });

  test("as SVG", async () => {
    await expect(pictureSvg(topology)).toMatchFileSnapshot(`testdata/${name}.golden.svg`);
  });

  test("every machine has a box of its own, and no two boxes meet", () => {
    const boxes = [
      ...pictureSvg(topology).matchAll(/class="box" x="([\d.]+)" y="([\d.]+)" width="(\d+)" height="(\d+)"/g),
    ];
    const corners = boxes.map(([, x, y, width, height]) => {
      const [left, top] = [Number(x), Number(y)];
      return { left, top, right: left + Number(width), bottom: top + Number(height) };
    });
    expect(corners).toHaveLength(topology.nodes.length);
    const meeting = corners.flatMap((a, i) =>
      corners
        .slice(i + 1)
        .filter((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
        .map((b) => [a, b]),
    );
    expect(meeting).toEqual([]);
  });
});

test("names are quoted in SVG", () => {
  const topology = resolve({
    segments: { "a<b & c": "10.0.0.0/24" },
    nodes: { a: { role: "host", on: ["a<b & c"] } },
  });
  expect(pictureSvg(topology)).toContain(">a&lt;b &amp; c<");
});
