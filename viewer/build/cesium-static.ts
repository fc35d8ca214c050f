// SPDX-License-Identifier: Apache-2.0
/** Serves and copies the files which the 3D engine fetches at run time: workers, wasm decoders, small tables. */
import { cpSync, createReadStream, existsSync, statSync } from 'node:fs';
import { extname, join, normalize, resolve } from 'node:path';
import type { Plugin } from 'vite';

const ENGINE = resolve(import.meta.dirname, '../node_modules/@cesium/engine');
/** Public folder → where it lies in the package. */
const FOLDERS: Readonly<Record<string, string>> = {
  Workers: join(ENGINE, 'Build/Workers'),
  ThirdParty: join(ENGINE, 'Build/ThirdParty'),
  Assets: join(ENGINE, 'Source/Assets'),
};
/** Sky, moon and world imagery: never shown here, and most of the package's bytes. */
const UNUSED = /Assets[\\/]Textures/u;
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.png': 'image/png',
};

export function cesiumStatic(prefix: string): Plugin {
  let out = '';
  return {
    name: 'cesium-static',
    configResolved(config) {
      out = resolve(config.root, config.build.outDir, 'cesium');
    },
    configureServer(server) {
      server.middlewares.use(prefix, (request, response, next) => {
        const [, folder = '', ...rest] = normalize(decodeURIComponent((request.url ?? '').split('?')[0] ?? '')).split('/');
        const root = FOLDERS[folder];
        const path = root === undefined ? '' : join(root, ...rest);
        if (path === '' || !existsSync(path) || !statSync(path).isFile()) {
          next();
          return;
        }
        response.setHeader('Content-Type', TYPES[extname(path)] ?? 'application/octet-stream');
        createReadStream(path).pipe(response);
      });
    },
    writeBundle() {
      for (const [folder, from] of Object.entries(FOLDERS)) {
        cpSync(from, join(out, folder), { recursive: true, filter: (path) => !UNUSED.test(path) });
      }
    },
  };
}
