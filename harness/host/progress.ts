import { styleText } from "node:util";
import { createLogUpdate } from "log-update";
import type { Progress, ProgressLine } from "../model/progress.ts";

export interface ScreenOptions {
  /** Default standard error, so that what a command prints stays clean. */
  readonly stream?: NodeJS.WriteStream;
  /** Redraw lines in place. Default: when the stream is a terminal and this is no CI. */
  readonly live?: boolean;
}

/** What takes longer than this says that it is under way, in milliseconds. */
const worthSaying = 2_000;
/** Without a terminal, at most one note of a line in this time, in milliseconds. */
const noteEvery = 10_000;
/** How often a terminal is redrawn, in milliseconds. */
const redraw = 200;

/** Progress on the screen: lines redrawn in place on a terminal; else a timestamped line per finished step, and a sign of life from slow ones. */
export function screenProgress(options: ScreenOptions = {}): Progress {
  const stream = options.stream ?? process.stderr;
  const live = options.live ?? (stream.isTTY === true && !process.env.CI);
  return live ? liveLines(stream) : plainLines(stream);
}

/** Says nothing. */
export const silentProgress: Progress = { begin: () => ({ note() {}, done() {}, failed() {} }) };

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

const sentence = (on: string | undefined, what: string, ...more: (string | undefined)[]): string =>
  `${on === undefined ? "" : `${on}: `}${what}${more.map((m) => (m ? `, ${m}` : "")).join("")}`;

/** Wraps `note`, `done` and `failed` so that only the first end of a line counts. */
function line(note: (text: string) => void, end: (mark: "✓" | "✗", text?: string) => void): ProgressLine {
  let ended = false;
  const once = (mark: "✓" | "✗", text?: string) => {
    if (!ended) end(mark, text);
    ended = true;
  };
  return {
    note: (text) => {
      if (!ended) note(text);
    },
    done: (text) => once("✓", text),
    failed: (why) => once("✗", why),
  };
}

function plainLines(stream: NodeJS.WriteStream): Progress {
  const print = (mark: string, text: string) =>
    stream.write(`${new Date().toTimeString().slice(0, 8)} ${mark} ${text}\n`);
  return {
    begin(what, on) {
      const began = performance.now();
      let latest: string | undefined;
      let said = Number.NEGATIVE_INFINITY;
      const say = () => {
        said = performance.now();
        print("…", sentence(on, what, latest));
      };
      const underWay = setTimeout(say, worthSaying).unref();
      return line(
        (text) => {
          latest = text;
          if (said > 0 && performance.now() - said > noteEvery) say();
        },
        (mark, text) => {
          clearTimeout(underWay);
          print(mark, sentence(on, what, seconds(performance.now() - began), text));
        },
      );
    },
  };
}

function liveLines(stream: NodeJS.WriteStream): Progress {
  const screen = createLogUpdate(stream);
  const active = new Map<object, () => string>();
  let timer: NodeJS.Timeout | undefined;

  const draw = () => {
    const rows = Math.max(1, (stream.rows ?? 24) - 2);
    const lines = [...active.values()].map((text) => text());
    const hidden = lines.length - rows;
    screen([...lines.slice(0, rows), ...(hidden > 0 ? [`… and ${hidden} more`] : [])].join("\n"));
  };
  const paint = (style: "green" | "red" | "dim", text: string) => styleText(style, text, { stream });

  return {
    begin(what, on) {
      const began = performance.now();
      const key = {};
      let latest: string | undefined;
      active.set(key, () =>
        paint("dim", `${seconds(performance.now() - began).padStart(8)}  ${sentence(on, what, latest)}`),
      );
      timer ??= setInterval(draw, redraw).unref();
      return line(
        (text) => {
          latest = text;
        },
        (mark, text) => {
          active.delete(key);
          const took = seconds(performance.now() - began).padStart(8);
          screen.persist(`${took}  ${paint(mark === "✓" ? "green" : "red", mark)} ${sentence(on, what, text)}`);
          if (active.size > 0) return draw();
          clearInterval(timer);
          timer = undefined;
          screen.clear();
          screen.done();
        },
      );
    },
  };
}
