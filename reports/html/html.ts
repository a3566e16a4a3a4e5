/** Markup that is safe to put into a page. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

export type Piece = Html | string | number | undefined | false | readonly Piece[];

/** Fills a template: markup and lists of it go in as they are, everything else is quoted; undefined and false leave nothing. */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  return new Html(String.raw({ raw: strings }, ...pieces.map(rendered)));
}

/** A journal of another version may hold objects where text is expected; they are shown as JSON. */
function rendered(piece: Piece): string {
  if (piece === undefined || piece === false) return "";
  if (piece instanceof Html) return piece.text;
  if (isList(piece)) return piece.map(rendered).join("");
  return (typeof piece === "object" ? JSON.stringify(piece) : String(piece)).replace(
    /[&<>"']/g,
    (character) => `&#${character.charCodeAt(0)};`,
  );
}

function isList(piece: Piece): piece is readonly Piece[] {
  return Array.isArray(piece);
}
