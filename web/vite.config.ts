/** How the client is built: fonts from this host, no CDN, code split for the font worker, offline shell. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';
import { defineConfig } from 'vitest/config';
import { EXCALIDRAW_CHUNKS, excalidrawPlugins } from './excalidrawBuild';

const BACKEND = process.env.THUNDERLINE_BACKEND ?? 'http://127.0.0.1:8000';

/** Writes `<file>.br` beside each text file of the build, for servers that send it as it is. */
function brotli(): Plugin {
  return {
    name: 'brotli',
    apply: 'build',
    enforce: 'post',
    closeBundle: {
      order: 'post',
      sequential: true,
      handler() {
        const folder = join(import.meta.dirname, 'dist');
        for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
          if (!entry.isFile() || !/\.(js|css|html|svg|webmanifest)$/.test(entry.name)) continue;
          const path = join(entry.parentPath, entry.name);
          const bytes = readFileSync(path);
          if (bytes.length < 1024) continue;
          const params = { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
          writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
        }
      },
    },
  };
}

export default defineConfig({
  plugins: [
    ...(process.env.VITEST ? [] : excalidrawPlugins(import.meta.dirname)),
    react(),
    VitePWA({
      registerType: 'prompt',
      injectRegister: false,
      manifest: {
        name: 'Thunderline',
        short_name: 'Thunderline',
        description: 'A shared whiteboard and chat that work offline',
        display: 'standalone',
        start_url: '/',
        background_color: '#f7f7f8',
        theme_color: '#5b57d1',
        icons: [{ src: '/icon.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'any' }],
      },
      workbox: {
        globPatterns: ['**/*.{js,css,html,svg,woff2}'],
        // Left to be cached at first use: CJK fonts, the editor's other languages, diagrams from text.
        globIgnores: ['**/Xiaolai/**', '**/lazy/**'],
        maximumFileSizeToCacheInBytes: 4 << 20,
        navigateFallback: '/index.html',
        navigateFallbackDenylist: [/^\/(api|sync|signal|healthz|readyz|metrics)(\/|$)/],
        cleanupOutdatedCaches: true,
        runtimeCaching: [
          {
            urlPattern: ({ url, sameOrigin }) =>
              sameOrigin && (url.pathname.startsWith('/excalidraw/fonts/') || url.pathname.startsWith('/assets/')),
            handler: 'CacheFirst',
            options: { cacheName: 'lazy', expiration: { maxEntries: 400 } },
          },
        ],
      },
    }),
    brotli(),
  ],
  resolve: {
    // 3 MB that need a looser policy than ours
    alias: { '@excalidraw/mermaid-to-excalidraw': join(import.meta.dirname, 'src/whiteboard/noMermaid.ts') },
  },
  build: {
    target: 'es2022',
    rolldownOptions: {
      output: {
        chunkFileNames: (chunk) => (isLazy(chunk.moduleIds) ? 'assets/lazy/[name]-[hash].js' : 'assets/[name]-[hash].js'),
        codeSplitting: { groups: [EXCALIDRAW_CHUNKS] },
      },
    },
  },
  server: {
    proxy: {
      '/api': BACKEND,
      '/sync': { target: BACKEND, ws: true },
      '/signal': { target: BACKEND, ws: true },
    },
  },
  test: { include: ['src/**/*.test.{ts,tsx}'], environment: 'node' },
});

/** Chunks that most visits never need: the editor's languages beyond ours, and mermaid's diagrams. */
function isLazy(modules: readonly string[]): boolean {
  return modules.length > 0 && modules.every((id) =>
    /[\\/]locales[\\/](?!en|de-DE)/.test(id) || /[\\/](mermaid|cytoscape|katex|d3-|dagre|elkjs|@mermaid-js|langium|chevrotain)/.test(id));
}
