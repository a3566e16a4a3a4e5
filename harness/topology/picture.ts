/** The topology as people draw it. Both pictures follow the order of declaration. */
export { pictureSvg } from "./picture-svg.ts";
export { pictureText } from "./picture-text.ts";
