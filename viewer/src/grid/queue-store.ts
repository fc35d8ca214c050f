// SPDX-License-Identifier: Apache-2.0
/** Writes that wait on this device, with their photos, in IndexedDB. */
import type { Properties } from '../core/api';

export type Write =
  | { kind: 'proposal'; layer: string; id: number; changes: Properties; reason: string }
  | { kind: 'hazard'; object: string; id: number; hazard_kind: string; severity: number; description: string };

/** `owner` says under which sign-in it was written; only that one sends it. `claimed` is when a page last took it up (ms); `once` is its Idempotency-Key. */
export interface Waiting {
  key: number;
  owner: string;
  title: string;
  write: Write;
  photos: Blob[];
  made: number;
  once?: string; // what waits since before there were keys has none
  claimed: number;
  refusal: string;
}

const NAME = 'twin-grid';
const STORE = 'waiting';
/** A page that took one up and was closed leaves it to others after this. */
const CLAIM_MS = 60_000;

let opened: Promise<IDBDatabase> | null = null;

function open(): Promise<IDBDatabase> {
  opened ??= new Promise<IDBDatabase>((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => { asked.result.createObjectStore(STORE, { keyPath: 'key', autoIncrement: true }); };
    asked.onsuccess = () => { resolve(asked.result); };
    asked.onerror = () => { reject(asked.error ?? new Error('IndexedDB')); };
  }).catch((error: unknown) => {
    opened = null;
    throw error;
  });
  return opened;
}

/** What `use` answers, once all of it is on the disk. */
async function within<T>(mode: IDBTransactionMode, use: (store: IDBObjectStore, keep: (value: T) => void) => void): Promise<T | undefined> {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(STORE, mode);
    let kept: T | undefined;
    transaction.oncomplete = () => { resolve(kept); };
    transaction.onerror = transaction.onabort = () => { reject(transaction.error ?? new Error('IndexedDB')); };
    use(transaction.objectStore(STORE), (value) => { kept = value; });
  });
}

export const queueStore = {
  add: async (one: Omit<Waiting, 'key'>): Promise<void> => { await within('readwrite', (store) => { store.add(one); }); },
  all: async (): Promise<Waiting[]> => await within<Waiting[]>('readonly', (store, keep) => {
    const asked = store.getAll() as IDBRequest<Waiting[]>;
    asked.onsuccess = () => { keep(asked.result); };
  }) ?? [],
  remove: async (key: number): Promise<void> => { await within('readwrite', (store) => { store.delete(key); }); },
  /** Takes one up, unless another page has; that and the looking are one transaction. */
  claim: async (key: number): Promise<boolean> => await within<boolean>('readwrite', (store, keep) => {
    const asked = store.get(key) as IDBRequest<Waiting | undefined>;
    asked.onsuccess = () => {
      const one = asked.result;
      if (!one || Date.now() - one.claimed < CLAIM_MS) return;
      store.put({ ...one, claimed: Date.now() });
      keep(true);
    };
  }) ?? false,
  /** Lets go of one that was not sent, with the reason if the server refused it. */
  release: async (key: number, refusal: string): Promise<void> => {
    await within('readwrite', (store) => {
      const asked = store.get(key) as IDBRequest<Waiting | undefined>;
      asked.onsuccess = () => { if (asked.result) store.put({ ...asked.result, claimed: 0, refusal }); };
    });
  },
};
