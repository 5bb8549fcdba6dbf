/**
 * What the build must do to Excalidraw so that no request leaves the host, cursors have our colours, a replay is
 * fluent and undo outlives the editor.
 *
 * Each replacement fails the build when the package no longer contains the code it names: a silent miss would
 * mean requests to a CDN, or two colours for one person.
 */
import { cpSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Plugin } from 'vite';

interface Replacement {
  /** What it is for; shown when the pattern is missing. */
  readonly purpose: string;
  readonly pattern: RegExp;
  readonly replacement: string;
}

const REPLACEMENTS: readonly Replacement[] = [
  {
    purpose: 'no CDN as second source of fonts',
    pattern: /`https:\/\/esm\.sh\/[\s\S]{0,160}?\/dist\/prod\/`/,
    replacement: '(location.origin+"/excalidraw/")',
  },
  {
    purpose: 'pictures resized without WebAssembly, which the policy forbids',
    pattern: /features:\["js","wasm"\]/,
    replacement: 'features:["js"]',
  },
  {
    purpose: "a collaborator's own colour for cursor and selection",
    pattern: /=\((\w+),(\w+)\)=>(`hsl\(\$\{Math\.abs\([\w$]+\(\w+\?\.id\|\|\w+\)\)%37\*10\}, 100%, 83%\)`)/,
    replacement: '=($1,$2)=>$2?.color?.background||$3',
  },
  {
    purpose: 'a readable name on that colour',
    pattern: /(,(\w+)=\w+\.collaborators\.get\(\w+\);[\s\S]{0,2400}?\.fillStyle=)([\w$]+)(,\w+\.fillText\()/,
    replacement: '$1$2?.color?.stroke||$3$4',
  },
  {
    purpose: 'a replay that draws only what changed (`history/partialDrawing.ts`)',
    pattern: /([\w$]+)\((\{canvas:\w+,rc:\w+\.rc,scale:\w+\.scale,elementsMap:\w+\.elementsMap,[^{}]*\}),([\w$]+\(\))\)/,
    replacement: '(globalThis.thunderlineDraw??((draw,drawn,isThrottled)=>draw(drawn,isThrottled)))($1,$2,$3)',
  },
  {
    purpose: 'undo that outlives the editor (`whiteboard/undoSteps.ts`)',
    pattern: /history:\{clear:this\.resetHistory\}/,
    replacement: 'history:{clear:this.resetHistory,steps:()=>this.history}',
  },
];

const IS_EXCALIDRAW = /@excalidraw[\\/]excalidraw[\\/]dist[\\/]prod[\\/]/;

/** Copies Excalidraw's fonts next to the app: `<public>/excalidraw/fonts`. */
function copyFonts(root: string): Plugin {
  return {
    name: 'excalidraw-fonts',
    buildStart() {
      cpSync(
        resolve(root, 'node_modules/@excalidraw/excalidraw/dist/prod/fonts'),
        resolve(root, 'public/excalidraw/fonts'),
        { recursive: true },
      );
    },
  };
}

function patchExcalidraw(): Plugin {
  const applied = new Set<Replacement>();
  let seen = false;
  return {
    name: 'excalidraw-patch',
    apply: 'build',
    transform(code, id) {
      if (!IS_EXCALIDRAW.test(id)) return undefined;
      seen = true;
      let patched = code;
      for (const one of REPLACEMENTS) {
        const next = patched.replace(one.pattern, one.replacement);
        if (next !== patched) applied.add(one);
        patched = next;
      }
      return patched === code ? undefined : { code: patched, map: null };
    },
    buildEnd(error) {
      if (error || !seen) return;
      const missing = REPLACEMENTS.filter((one) => !applied.has(one)).map((one) => one.purpose);
      if (missing.length) this.error(`Excalidraw changed, patch not applied: ${missing.join('; ')}`);
    },
  };
}

/** The plugins; `root` is the folder that holds node_modules and public. */
export function excalidrawPlugins(root: string): Plugin[] {
  return [copyFonts(root), patchExcalidraw()];
}

/**
 * For `build.rolldownOptions.output.codeSplitting.groups`. Without it the font-subsetting worker imports the main
 * chunk and runs the whole React app inside the worker.
 */
export const EXCALIDRAW_CHUNKS = {
  name: 'excalidraw-shared',
  test: /excalidraw[\\/]dist[\\/]prod[\\/](chunk-(SRAX5OIU|ZUYEQ4TG|Z3N5DIM6))/,
};
