// SPDX-License-Identifier: Apache-2.0
/**
 * The service worker of the grid manager's page: it keeps the page's own files, so that the page opens without a
 * network. It keeps no answer of the API, whatever its access class: only what everybody may have, the build.
 */
interface Waiting extends Event { waitUntil(done: Promise<unknown>): void }
interface Fetching extends Waiting { request: Request; respondWith(answer: Promise<Response>): void }
interface Told extends Waiting { data: unknown; source: { postMessage(message: unknown): void } | null }

/** The build fills these in. */
const BUILD = '__BUILD__';
const SHELL = '__SHELL__';

const CACHE = `grid-${BUILD}`;
const PAGE = '/grid';
const ASSETS = '/viewer/assets/';
const SLOW_MS = 6_000;

// Not typed as a worker: one TypeScript project knows either pages or workers.
const scope = globalThis as unknown as {
  addEventListener(type: 'install' | 'activate', listener: (event: Waiting) => void): void;
  addEventListener(type: 'fetch', listener: (event: Fetching) => void): void;
  addEventListener(type: 'message', listener: (event: Told) => void): void;
  clients: { claim(): Promise<void> };
  location: Location;
};

scope.addEventListener('install', (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll([PAGE, ...SHELL.split(' ').filter((file) => file.startsWith('/'))])));
});

scope.addEventListener('activate', (event) => {
  event.waitUntil(caches.keys().then(async (names) => {
    await Promise.all(names.filter((name) => name.startsWith('grid-') && name !== CACHE).map((name) => caches.delete(name)));
    await scope.clients.claim();
  }));
});

/** The page says which files it has taken: those of the first visit came before there was a worker. */
scope.addEventListener('message', (event) => {
  event.source?.postMessage({ build: BUILD });
  const { data } = event;
  if (!Array.isArray(data)) return;
  const files = data.filter((one): one is string => typeof one === 'string' && one.startsWith(ASSETS));
  event.waitUntil(caches.open(CACHE).then((cache) => Promise.all(files.map(async (file) => {
    if (!await cache.match(file)) await cache.add(file);
  }))).catch(() => undefined)); // kept at the next visit
});

scope.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== scope.location.origin) return;
  if (request.mode === 'navigate') {
    // A token in the link has to reach the server, however slow.
    if (url.pathname === PAGE && !url.searchParams.has('token')) event.respondWith(openPage(request));
  } else if (url.pathname.startsWith(ASSETS)) event.respondWith(takeFile(request));
});

/** The server's page, or the kept one where there is no network or only the promise of one. */
async function openPage(request: Request): Promise<Response> {
  const kept = await caches.match(PAGE, { cacheName: CACHE });
  if (!kept) return fetch(request);
  const slow = new Promise<Response>((resolve) => { setTimeout(() => { resolve(kept); }, SLOW_MS); });
  return Promise.race([fetch(request).catch(() => kept), slow]);
}

/** Names of files change with their content: what is kept is right. */
async function takeFile(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}
