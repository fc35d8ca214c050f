// SPDX-License-Identifier: Apache-2.0
/** What every page needs first: who is looking, which layers there are, which tilesets stand. Tried until it is there. */
import type { Collection, Session, Tileset } from './api';
import { ApiError, client } from './client';
import { byOrder } from './declared';
import { Store } from './store';

export interface CityData {
  phase: 'loading' | 'ready' | 'failed';
  error: ApiError | null;
  session: Session | null;
  collections: Collection[];
  tilesets: Tileset[];
}

export const cityData = new Store<CityData>({ phase: 'loading', error: null, session: null, collections: [], tilesets: [] });

const LAST_RETRY_MS = 15_000;

function inOrder(collections: Collection[]): Collection[] {
  return collections.filter((collection) => 'blocktwin' in collection).toSorted(byOrder);
}

async function loadOnce(): Promise<void> {
  const [session, collections, tilesets] = await Promise.all([
    client.session(),
    client.collections(),
    client.tilesets().catch(() => []), // a city without 3D is still a city
  ]);
  cityData.set({ phase: 'ready', error: null, session, collections: inOrder(collections), tilesets });
}

export async function loadCityData(): Promise<void> {
  for (let wait = 1_000; ; wait = Math.min(LAST_RETRY_MS, wait * 2)) {
    try {
      await loadOnce();
      return;
    } catch (error) {
      cityData.set({ phase: 'failed', error: error instanceof ApiError ? error : new ApiError(0, 'network', String(error)) });
      await new Promise((resolve) => { window.setTimeout(resolve, wait); });
    }
  }
}

export async function reloadTilesets(): Promise<void> {
  cityData.set({ tilesets: await client.tilesets() });
}

/** After a layer was registered, described anew or withdrawn. */
export async function reloadCollections(): Promise<void> {
  cityData.set({ collections: inOrder(await client.collections()) });
}
