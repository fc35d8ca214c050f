// SPDX-License-Identifier: Apache-2.0
import { resolve } from 'node:path';
import { defineConfig } from 'vite';
import { cesiumStatic } from './build/cesium-static.ts';

const BASE = '/viewer/';
const API = `http://127.0.0.1:${process.env['TWIN_PORT'] ?? '8000'}`;
const PATHS = ['session', 'collections', 'blocks', 'incidents', 'stream', 'models', 'tilesets', 'uploads', 'jobs', 'health',
  'loads', 'kinds', 'schemes', 'event-types', 'code-forms', 'pillars', 'measures', 'quality', 'tokens', 'placements', 'proposals', 'photos'];

export default defineConfig({
  base: BASE,
  define: { CESIUM_BASE_URL: JSON.stringify(`${BASE}cesium`) },
  plugins: [cesiumStatic(`${BASE}cesium`)],
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // fonts stay files: only the ranges that a page shows are fetched
    chunkSizeWarningLimit: 5000,
    rolldownOptions: {
      input: {
        wall: resolve(import.meta.dirname, 'wall/index.html'),
        plan: resolve(import.meta.dirname, 'plan/index.html'),
        admin: resolve(import.meta.dirname, 'admin/index.html'),
      },
    },
  },
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(PATHS.map((path) => [`/${path}`, { target: API }])),
  },
});
