/** What playwright's types ask of the DOM's. The real ones would let the whole program speak of `document`. */

interface Node {
  readonly nodeType: number;
}
interface HTMLElement extends Node {
  readonly dataset: object;
}
interface SVGElement extends Node {
  readonly viewportElement: SVGElement | null;
}
interface HTMLElementTagNameMap {
  readonly "": HTMLElement;
}
