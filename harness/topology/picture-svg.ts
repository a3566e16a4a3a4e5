import type { ResolvedNode, ResolvedTopology } from "#harness/model/topology";
import { about } from "./about.ts";

const box = { width: 196, gap: 28, perRow: 5 } as const;
const text = { small: 12, line: 17, titleLine: 21, wrap: 25 } as const;
const wire = 30;
const margin = 28;
/** Left of the boxes, where the segments have their names. */
const labels = 128;

/**
 * The topology as a self-contained SVG: segments are horizontal buses, one colour each; machines are boxes that hang
 * on them. A machine on one segment stands beyond it, a machine on several between the first two. Follows the
 * viewer's light or dark preference.
 */
export function pictureSvg(topology: ResolvedTopology): string {
  const bands = place(topology);
  const { boxes, buses, height } = stack(bands, topology.segments.length);
  const columns = Math.max(1, ...bands.flat().map(({ column }) => column + 1));
  const width = 2 * margin + labels + columns * box.width + (columns - 1) * box.gap;
  const order = new Map(topology.segments.map(({ name }, index) => [name, index]));
  const busLines = topology.segments.map(({ name, cidr }, index) =>
    drawBus(name, cidr, index, buses[index] ?? 0, width),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="hw-topology" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="topology">`,
    `<style>${style}</style>`,
    `<rect class="paper" width="${width}" height="${height}" rx="10"/>`,
    ...busLines,
    ...boxes.map((each) => drawWires(each, buses, order)),
    ...boxes.map((each) => drawBox(each, order)),
    "</svg>\n",
  ].join("\n");
}

interface Placed {
  readonly node: ResolvedNode;
  /** What is said of it, broken into lines. */
  readonly said: readonly string[];
  readonly column: number;
  /** Boxes that do not fit side by side stand in further lines of the same band. */
  readonly line: number;
}

/**
 * Band 0 lies above the first bus, band i below bus i-1. A column is taken in every band that a machine's wires cross.
 * Bands whose machines reach no further than the next bus are centred under each other.
 */
function place(topology: ResolvedTopology): readonly (readonly Placed[])[] {
  const { segments, nodes } = topology;
  const said = (node: ResolvedNode): string[] => about(node, topology).flatMap(wrapped);
  const order = segments.map(({ name }) => name);
  const bands: Placed[][] = Array.from({ length: segments.length + 1 }, () => []);
  const crossed = bands.map(() => new Set<number>());
  const reach = (node: ResolvedNode): readonly [first: number, last: number] => {
    const ports = node.interfaces.map(({ segment }) => order.indexOf(segment));
    return [Math.min(...ports), Math.max(...ports)];
  };
  const several = nodes.filter((node) => new Set(node.interfaces.map((i) => i.segment)).size > 1);
  for (const node of several) {
    const [first, last] = reach(node);
    const within = crossed.slice(first + 1, last + 1);
    let column = 0;
    while (within.some((taken) => taken.has(column))) column++;
    for (const taken of within) taken.add(column);
    bands[first + 1]?.push({ node, said: said(node), column, line: 0 });
  }
  for (const node of nodes) {
    if (several.includes(node) || node.interfaces.length === 0) continue;
    const [segment] = reach(node);
    const band = segment === 0 && segments.length > 1 ? 0 : segment + 1;
    const free = Array.from({ length: box.perRow }, (_, column) => column).filter((c) => !crossed[band]?.has(c));
    const index = (bands[band] ?? []).filter((placed) => !several.includes(placed.node)).length;
    const perLine = Math.max(1, free.length);
    bands[band]?.push({
      node,
      said: said(node),
      column: free[index % perLine] ?? crossed[band]?.size ?? 0,
      line: Math.floor(index / perLine),
    });
  }
  const straight = several.every((node) => reach(node)[1] - reach(node)[0] === 1);
  if (!straight) return bands;
  const columns = (band: readonly Placed[]): number => Math.max(0, ...band.map(({ column }) => column + 1));
  const widest = Math.max(...bands.map(columns));
  return bands.map((band) =>
    band.map((placed) => ({ ...placed, column: placed.column + (widest - columns(band)) / 2 })),
  );
}

interface Box extends Placed {
  readonly x: number;
  readonly y: number;
  readonly height: number;
}

/** From bands to heights on the page. Line 0 of a band is the one next to its bus. */
function stack(bands: readonly (readonly Placed[])[], segments: number) {
  const boxes: Box[] = [];
  const buses: number[] = [];
  let y = margin;
  bands.forEach((band, index) => {
    const above = index === 0;
    const count = Math.max(0, ...band.map(({ line }) => line + 1));
    if (band.length > 0 && !above) y += wire;
    for (let step = 0; step < count; step++) {
      const row = band.filter(({ line }) => line === (above ? count - 1 - step : step));
      const tallest = Math.max(...row.map(heightOf));
      for (const placed of row) {
        const height = heightOf(placed);
        const x = margin + labels + placed.column * (box.width + box.gap);
        boxes.push({ ...placed, x, y: above ? y + tallest - height : y, height });
      }
      y += tallest + (step === count - 1 ? 0 : box.gap);
    }
    if (index < segments) {
      y += band.length > 0 ? wire + 14 : 40;
      buses.push(y);
      y += 8;
    }
  });
  return { boxes, buses, height: y + margin };
}

function heightOf({ node, said }: Placed): number {
  return 22 + text.titleLine + text.line * (said.length + node.interfaces.length);
}

function drawBus(name: string, cidr: string, index: number, y: number, width: number): string {
  const hue = index % hues;
  return (
    `<line class="bus s${hue}" x1="${margin - 8}" y1="${y}" x2="${width - margin + 8}" y2="${y}"/>` +
    `<text class="segment t${hue}" x="${margin - 8}" y="${y - 29}">${quoted(name)}</text>` +
    `<text class="cidr t${hue}" x="${margin - 8}" y="${y - 12}">${quoted(cidr)}</text>`
  );
}

/** Boxes next to the bus have straight wires; those in further lines go along the gap beside their column. */
function drawWires({ node, line, x, y, height }: Box, buses: readonly number[], order: Map<string, number>): string {
  const segments = node.interfaces.map(({ segment }) => order.get(segment) ?? 0).sort((a, b) => a - b);
  return segments
    .map((segment, index) => {
      const bus = buses[segment] ?? 0;
      if (line > 0) {
        const drop = x - box.gap / 2;
        return drawWire(`M${drop} ${bus}V${y + height / 2}H${x}`, drop, bus, segment);
      }
      const tap = x + box.width / 2 + Math.max(0, index - 1) * 14;
      return drawWire(`M${tap} ${bus > y ? y + height : y}V${bus}`, tap, bus, segment);
    })
    .join("");
}

function drawWire(d: string, x: number, bus: number, segment: number): string {
  const hue = segment % hues;
  return (
    `<path class="halo" d="${d}"/><path class="wire s${hue}" d="${d}"/>` +
    `<circle class="port p${hue}" cx="${x}" cy="${bus}" r="5"/>`
  );
}

function drawBox({ node, said, x, y, height }: Box, order: Map<string, number>): string {
  const left = x + 16;
  const heading = y + 25;
  let line = heading;
  const next = (): number => {
    line += text.line;
    return line;
  };
  const lines = said.map((each) => `<text class="note" x="${left}" y="${next()}">${quoted(each)}</text>`);
  line += 4;
  const ports = node.interfaces.map(({ name, address, prefix, segment }) => {
    const at = next();
    const hue = (order.get(segment) ?? 0) % hues;
    return (
      `<circle class="port p${hue}" cx="${left + 4}" cy="${at - 4}" r="4"/>` +
      `<text class="mono" x="${left + 14}" y="${at}">${quoted(name)}</text>` +
      `<text class="mono" x="${x + box.width - 14}" y="${at}" text-anchor="end">${address}/${prefix}</text>`
    );
  });
  return [
    `<g class="node ${node.role}">`,
    `<rect class="box" x="${x}" y="${y}" width="${box.width}" height="${height}" rx="8"/>`,
    `<rect class="role" x="${x + 6}" y="${y + 10}" width="4" height="${height - 20}" rx="2"/>`,
    `<text class="name" x="${left}" y="${heading}">${quoted(node.name)}</text>`,
    ...lines,
    ...ports,
    "</g>",
  ].join("");
}

/** Breaks a remark at spaces so that it fits into a box. */
function wrapped(remark: string): string[] {
  const lines: string[] = [];
  for (const word of remark.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= text.wrap) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function quoted(value: string): string {
  return value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

const light = ["#2563eb", "#059669", "#d97706", "#9333ea", "#dc2626", "#0891b2"];
const dark = ["#60a5fa", "#34d399", "#fbbf24", "#c084fc", "#f87171", "#22d3ee"];
const hues = light.length;

const coloured = (colours: readonly string[]): string =>
  colours.map((c, i) => `.hw-topology .s${i}{stroke:${c}}.hw-topology .p${i},.hw-topology .t${i}{fill:${c}}`).join("");

const style = `
.hw-topology{font-family:system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;font-size:${text.small}px}
.hw-topology .paper{fill:#fff}
.hw-topology .box{fill:#f8fafc;stroke:#cbd5e1;stroke-width:1.2}
.hw-topology .role{fill:#94a3b8}
.hw-topology .control-plane .role{fill:#4f46e5}.hw-topology .worker .role{fill:#0284c7}.hw-topology .router .role{fill:#ea580c}
.hw-topology .name{font-size:14px;font-weight:600;fill:#0f172a}
.hw-topology .note{fill:#64748b}
.hw-topology .mono{font-family:ui-monospace,"SFMono-Regular","DejaVu Sans Mono",monospace;font-size:11.5px;fill:#334155}
.hw-topology .bus{stroke-width:6;stroke-linecap:round}
.hw-topology .wire{fill:none;stroke-width:2}
.hw-topology .halo{fill:none;stroke:#fff;stroke-width:7}
.hw-topology .segment{font-size:13px;font-weight:600}
.hw-topology .cidr{font-size:11.5px;font-family:ui-monospace,"SFMono-Regular","DejaVu Sans Mono",monospace}
${coloured(light)}
@media (prefers-color-scheme:dark){
.hw-topology .paper{fill:#0f172a}.hw-topology .halo{stroke:#0f172a}
.hw-topology .box{fill:#1e293b;stroke:#334155}
.hw-topology .name{fill:#f1f5f9}.hw-topology .note{fill:#94a3b8}.hw-topology .mono{fill:#cbd5e1}
${coloured(dark)}
}`;
