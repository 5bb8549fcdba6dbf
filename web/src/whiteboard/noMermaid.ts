/** Stands in for @excalidraw/mermaid-to-excalidraw (3 MB, needs a looser policy): pasted diagrams stay text. */
export function parseMermaidToExcalidraw(): never {
  throw new Error('diagrams from text are not part of this client');
}
