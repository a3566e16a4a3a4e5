/** What the person at the screen is told while something takes time. Anything over 2 s says so. */
export interface Progress {
  /** Starts a line; `on` is the machine or file that it is about. */
  begin(what: string, on?: string): ProgressLine;
}

export interface ProgressLine {
  note(text: string): void;
  done(text?: string): void;
  failed(why: string): void;
}
