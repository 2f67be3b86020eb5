// Puts the sign-in form into every page at build, and the first script before everything else.
// Flow:   src/shell/first_paint.tsx, run here -> <div id="root">…</div>;  the chunk "boot" -> <script> at the head's beginning
// Errors: a page without an empty root, or a build without the chunk, stops the build.
// `vite dev` serves pages without either; they work the same, later.
import type { Plugin } from 'vite';
import { runnerImport } from 'vite';

const kRoot = '<div id="root"></div>';

export function firstPaintPlugin(options: { file: string; alias: Record<string, string> }): Plugin {
  let html = '';
  return {
    name: 'tk-first-paint',
    apply: 'build',
    async buildStart() {
      const { module } = await runnerImport<{ firstPaint: () => string }>(options.file, { configFile: false, resolve: { alias: options.alias }, logLevel: 'error' });
      html = module.firstPaint();
    },
    transformIndexHtml: {
      order: 'post',
      handler(page, { bundle, path }) {
        const boot = Object.values(bundle ?? {}).find((c) => c.type === 'chunk' && c.name === 'boot');
        if (!boot) throw new Error('the build has no chunk "boot"');
        if (!page.includes(kRoot)) throw new Error(`${path}: no ${kRoot}`);
        return {
          html: page.replace(kRoot, () => `<div id="root">${html}</div>`),
          tags: [{ tag: 'script', attrs: { src: '/' + boot.fileName }, injectTo: 'head-prepend' }],
        };
      },
    },
  };
}
