// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import { defineConfig } from 'vite';
import { cesiumStatic } from './build/cesium-static.ts';
import { offlineShell } from './build/offline-shell.ts';

const BASE = '/viewer/';
const WORKER = 'grid-worker.js';
const API = `http://127.0.0.1:${process.env['TWIN_PORT'] ?? '8000'}`;
const PATHS = ['session', 'sessions', 'sign-in', 'accounts', 'oidc', 'collections', 'blocks', 'incidents', 'stream', 'models', 'tilesets', 'uploads', 'jobs', 'health',
  'loads', 'kinds', 'schemes', 'event-types', 'code-forms', 'pillars', 'measures', 'quality', 'datasets', 'business-layers', 'tokens', 'placements', 'proposals', 'photos',
  'registers', 'locate', 'targets', 'hazards', 'inspections', 'surveys', 'buildings', 'units'];

export default defineConfig({
  base: BASE,
  define: { CESIUM_BASE_URL: JSON.stringify(`${BASE}cesium`) },
  plugins: [cesiumStatic(`${BASE}cesium`), offlineShell('grid', WORKER, BASE)],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // fonts stay files: only the ranges that a page shows are fetched
    chunkSizeWarningLimit: 5000,
    rolldownOptions: {
      input: {
        wall: resolve(import.meta.dirname, 'wall/index.html'),
        plan: resolve(import.meta.dirname, 'plan/index.html'),
        admin: resolve(import.meta.dirname, 'admin/index.html'),
        grid: resolve(import.meta.dirname, 'grid/index.html'),
        'grid-worker': resolve(import.meta.dirname, 'src/grid/worker.ts'),
      },
      // A worker keeps its name: browsers look at its address for a newer one.
      output: { entryFileNames: ({ name }) => (name === 'grid-worker' ? WORKER : 'assets/[name]-[hash].js') },
    },
  },
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(PATHS.map((path) => [`/${path}`, { target: API }])),
  },
});
