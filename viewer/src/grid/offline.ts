// SPDX-License-Identifier: Apache-2.0
/** Whether there is a network, since when not, and the service worker that keeps the page for such times. */
import { Store } from '../core/store';

/** `build` is the kept page's; '' until its worker has told. */
export const network = new Store<{ isOnline: boolean; since: Date; build: string }>({ isOnline: navigator.onLine, since: new Date(), build: '' });

window.addEventListener('offline', () => { network.set({ isOnline: false, since: new Date() }); });
window.addEventListener('online', () => { network.set({ isOnline: true }); });

/** Browsers allow a worker over a secure connection only; without one the page works, but not without a network. */
export async function keepPage(): Promise<void> {
  if (!('serviceWorker' in navigator) || !import.meta.env.PROD) return;
  const { serviceWorker } = navigator;
  serviceWorker.addEventListener('message', ({ data }: MessageEvent<{ build?: unknown }>) => {
    if (typeof data.build === 'string') network.set({ build: data.build });
  });
  serviceWorker.startMessages();
  try {
    await serviceWorker.register('/viewer/grid-worker.js', { scope: '/grid' });
    const { active } = await serviceWorker.ready;
    active?.postMessage(performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname));
  } catch {
    // Not kept this time; the page itself is there.
  }
}
