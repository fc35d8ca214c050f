// SPDX-License-Identifier: Apache-2.0
/**
 * What was written without a network: kept, shown, and sent later, once. An answer may have been lost after its write
 * arrived, so what is sent again is first looked for among what the server has.
 */
import { ApiError } from '../core/client';
import { wordsOf } from '../core/failure';
import { t } from '../core/i18n';
import { Store } from '../core/store';
import { network } from './offline';
import { sendPhotos } from './photos';
import { queueStore, type Waiting, type Write } from './queue-store';
import { server } from './server';
import { changed, grid } from './state';

export const queue = new Store<{ waiting: Waiting[]; sending: number; sent: number; there: number; failure: string }>(
  { waiting: [], sending: 0, sent: 0, there: 0, failure: '' });

const AGAIN_MS = 30_000;
/** How far the clock of a phone may be off from the server's. */
const CLOCK_MS = 600_000;
const PAGE = 500;

/** Whose it is: a sign-in is known here by role and scope alone. */
export function owner(): string {
  const { session } = grid.state;
  return session ? `${session.role} ${[...session.scope].sort().join(' ')}` : '';
}

/** Sends at once; without a network keeps it. Throws what the server refuses. */
export async function sendOrKeep(title: string, write: Write, photos: Blob[]): Promise<'sent' | 'kept'> {
  const made = Date.now();
  const once = newKey(made);
  try {
    await send(write, photos, once);
    return 'sent';
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 0)) throw error;
    try {
      await queueStore.add({ owner: owner(), title, write, photos, made, once, claimed: 0, refusal: '' });
    } catch (full) {
      throw new ApiError(507, '', t('grid.queue_failed', { why: full instanceof Error ? full.message : String(full) }));
    }
    await readQueue();
    return 'kept';
  }
}

/** (`crypto.randomUUID` is not there where a page comes without TLS.) */
function newKey(made: number): string {
  return `${made.toString(36)}-${[...crypto.getRandomValues(new Uint32Array(3))].map((part) => part.toString(36)).join('-')}`;
}

async function send(write: Write, photos: readonly Blob[], once: string): Promise<void> {
  const names = await sendPhotos(photos); // the server knows a photo by its content: sent twice it is one
  if (write.kind === 'proposal') await server.propose(write.layer, write.id, write.changes, write.reason, names, once);
  else {
    const { hazard_kind, severity, description } = write;
    await server.report(write.object, write.id, { hazard_kind, severity, description, photos: names }, once);
  }
}

/** Whether the server has it: the same, of the same thing, from about then or later. */
async function isThere({ write, made }: Waiting): Promise<boolean> {
  const since = made - CLOCK_MS;
  for (let after: number | null = 0; after !== null;) {
    if (write.kind === 'proposal') {
      const page: Awaited<ReturnType<typeof server.proposals>> = await server.proposals({ layer: write.layer, limit: PAGE, after });
      if (page.proposals.some((one) => one.own && one.feature_id === write.id && one.reason === write.reason && Date.parse(one.created_at) >= since
        && Object.keys(one.diff).length === Object.keys(write.changes).length
        && Object.entries(write.changes).every(([name, value]) => JSON.stringify(one.diff[name]?.new) === JSON.stringify(value)))) return true;
      after = page.next;
    } else {
      const page: Awaited<ReturnType<typeof server.hazards>> = await server.hazards({ object: write.object, object_id: write.id, limit: PAGE, after });
      if (page.hazards.some((one) => one.hazard_kind === write.hazard_kind && one.severity === write.severity && one.description === write.description
        && Date.parse(one.found_at) >= since)) return true;
      after = page.next;
    }
  }
  return false;
}

export async function readQueue(): Promise<void> {
  try {
    queue.set({ waiting: await queueStore.all() });
  } catch {
    queue.set({ waiting: [] }); // a browser that keeps nothing has nothing waiting
  }
}

let isSending = false;

/** Sends one after the other what is of this sign-in and was not refused. */
export async function sendQueue(): Promise<void> {
  if (isSending || owner() === '' || !network.state.isOnline) return;
  isSending = true;
  let [sent, there] = [0, 0];
  try {
    await readQueue();
    for (const one of queue.state.waiting.filter((waiting) => waiting.owner === owner() && waiting.refusal === '')) {
      if (!await queueStore.claim(one.key)) continue;
      queue.set({ sending: one.key });
      try {
        if (await isThere(one)) there += 1;
        else await send(one.write, one.photos, one.once ?? newKey(one.made));
        await queueStore.remove(one.key);
        sent += 1;
      } catch (error) {
        const isRefused = error instanceof ApiError && error.status >= 400 && error.status < 500 && ![401, 408, 429].includes(error.status);
        await queueStore.release(one.key, isRefused ? wordsOf(error) : '');
        if (!isRefused) break;
      }
    }
  } finally {
    isSending = false;
    queue.set({ sending: 0 });
    await readQueue();
  }
  if (sent === 0) return;
  queue.set({ sent, there });
  changed();
}

export async function dropWaiting(key: number): Promise<void> {
  await queueStore.remove(key);
  await readQueue();
}

export async function sendAgain(key: number): Promise<void> {
  await queueStore.release(key, '');
  await sendQueue();
}

/** From now on whatever waits goes out as soon as it can. */
export function watchQueue(): void {
  void readQueue();
  network.subscribe(({ isOnline }, before) => { if (isOnline && !before.isOnline) void sendQueue(); });
  grid.subscribe(({ phase, session }, before) => { if (phase === 'ready' && (before.phase !== 'ready' || before.session !== session)) void sendQueue(); });
  window.setInterval(() => { if (queue.state.waiting.length > 0) void sendQueue(); }, AGAIN_MS);
}
