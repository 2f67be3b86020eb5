/// <reference types="vitest/config" />
// Build of the doors. Every door is its own entry, so a phone never loads what the desk needs.
import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { appsPlugin } from './vite/apps_plugin.ts';
import { firstPaintPlugin } from './vite/first_paint_plugin.ts';

const uiDir = import.meta.dirname;
const repoDir = resolve(uiDir, '..');
const alias = { '@tk': resolve(uiDir, 'src') };

export default defineConfig({
  root: uiDir,
  base: '/',
  plugins: [appsPlugin({ appsDir: resolve(repoDir, 'apps'), uiDir }), react(), firstPaintPlugin({ file: resolve(uiDir, 'src/shell/first_paint.tsx'), alias })],
  resolve: { alias },
  build: {
    outDir: 'dist',
    assetsDir: 'assets',
    // A strict Content-Security-Policy forbids inline scripts and data: fonts; nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: ['chrome96', 'safari15.4', 'firefox102'],
    rollupOptions: {
      input: {
        boot: resolve(uiDir, 'src/shell/boot.ts'),
        home: resolve(uiDir, 'index.html'),
        account: resolve(uiDir, 'account/index.html'),
        ...Object.fromEntries(['work', 'm', 'me', 'city', 'ops'].map((door) => [door, resolve(uiDir, door, 'index.html')])),
      },
      // What several doors share is one file: a slow line pays for each request.
      output: { hashCharacters: 'hex', advancedChunks: { groups: [{ name: 'shared', test: /[\\/]ui[\\/](src|node_modules)[\\/]/, minShareCount: 4 }] } },
    },
  },
  server: { fs: { allow: [repoDir] }, proxy: proxy(process.env['TK_SERVER']) },
  test: {
    environment: 'node',
    dir: repoDir,
    include: ['ui/src/**/*.test.{ts,tsx}', 'ui/vite/*.test.ts', 'apps/*/ui/**/*.test.{ts,tsx}'],
    reporters: ['default', resolve(uiDir, 'vite/closing_reporter.ts')],
  },
});

/** `TK_SERVER=http://127.0.0.1:8080 npm run dev` serves the pages from source against a running program. */
function proxy(target: string | undefined): Record<string, string> {
  if (!target) return {};
  return Object.fromEntries(['/auth', '/fhir', '/live', '/app', '/admin'].map((p) => [p, target]));
}
