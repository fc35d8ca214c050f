// SPDX-License-Identifier: Apache-2.0
/** Tells the service worker of a page which files its shell is made of, and names its cache after them. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

interface Chunk { type: 'chunk'; name: string; isEntry: boolean; fileName: string; imports: string[]; viteMetadata?: { importedCss: Set<string> } }
type Bundle = Record<string, Chunk | { type: 'asset' }>;

/** The page's scripts and styles, all that it begins with; what it asks for later is kept when it was asked for. */
function findShell(bundle: Bundle, page: string): string[] {
  const files = new Set<string>();
  const walk = (name: string): void => {
    const chunk = bundle[name];
    if (files.has(name) || chunk?.type !== 'chunk') return;
    files.add(name);
    for (const style of chunk.viteMetadata?.importedCss ?? []) files.add(style);
    for (const further of chunk.imports) walk(further);
  };
  for (const chunk of Object.values(bundle)) if (chunk.type === 'chunk' && chunk.isEntry && chunk.name === page) walk(chunk.fileName);
  return [...files].sort();
}

export function offlineShell(page: string, worker: string, base: string): Plugin {
  return {
    name: 'offline-shell',
    apply: 'build',
    writeBundle(options, bundle) {
      const folder = options.dir ?? '';
      const shell = findShell(bundle, page);
      if (shell.length === 0) throw new Error(`the build has no page ${page}`);
      const html = readFileSync(join(folder, page, 'index.html'), 'utf8');
      const build = createHash('sha256').update(html).update(shell.join('\n')).digest('hex').slice(0, 12);
      const file = join(folder, worker);
      const source = readFileSync(file, 'utf8');
      const filled = source.replace('__BUILD__', build).replace('__SHELL__', shell.map((name) => base + name).join(' '));
      if (!source.includes('__BUILD__') || !source.includes('__SHELL__')) throw new Error(`${worker} has no place for its build and shell`);
      writeFileSync(file, filled);
    },
  };
}
