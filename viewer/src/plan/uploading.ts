// SPDX-License-Identifier: Apache-2.0
/** From a file in the hand to a model in the city: resumable upload, then the server's job, step by step. */
import { Upload } from 'tus-js-client';
import type { Job } from '../core/api';
import { ApiError, client } from '../core/client';
import { wordsOf } from '../core/failure';
import { language } from '../core/i18n';
import { loadModels, showPublished } from './models';
import { plan, type Placement, type Sending } from './state';

const CHUNK_BYTES = 8 * 1024 * 1024;
const ASK_EVERY_MS = 1_000;
const MOST_FAILURES = 20;

const uploads = new Map<number, Upload>();
let lastKey = 0;

function change(key: number, patch: Partial<Sending>): void {
  plan.set({ sendings: plan.state.sendings.map((one) => (one.key === key ? { ...one, ...patch } : one)) });
}

function placeText({ lon, lat, height, heading }: Placement): string {
  return heading !== 0 ? `${lon},${lat},${height},${heading}` : height !== 0 ? `${lon},${lat},${height}` : `${lon},${lat}`;
}

export function send(file: File): void {
  const key = ++lastKey;
  const { placement } = plan.state;
  plan.set({ sendings: [{ key, name: file.name, size: file.size, sent: 0, phase: 'sending', job: null, failure: '' }, ...plan.state.sendings] });
  const upload = new Upload(file, {
    endpoint: '/uploads',
    chunkSize: CHUNK_BYTES,
    retryDelays: [0, 1_000, 3_000, 8_000, 15_000],
    removeFingerprintOnSuccess: true,
    headers: { 'X-Requested-With': 'twin', 'Accept-Language': language.state.code },
    metadata: { filename: file.name, kind: 'model', ...(placement && { at: placeText(placement) }) },
    onProgress: (sent) => { change(key, { sent }); },
    onError: (error) => { change(key, { phase: 'failed', failure: sendingFailure(error) }); },
    onSuccess: () => {
      uploads.delete(key);
      change(key, { phase: 'working', sent: file.size });
      void follow(key, upload.url ?? '');
    },
  });
  uploads.set(key, upload);
  void begin(upload, placement === null);
}

async function begin(upload: Upload, resumable: boolean): Promise<void> {
  // An upload begun with another place must not be taken up again: the place travels with its first request.
  const earlier = resumable ? await upload.findPreviousUploads().catch(() => []) : [];
  const last = earlier.at(-1);
  if (last) upload.resumeFromPreviousUpload(last);
  upload.start();
}

export function stop(key: number): void {
  void uploads.get(key)?.abort();
  change(key, { phase: 'stopped' });
}

export function goOn(key: number): void {
  change(key, { phase: 'sending', failure: '' });
  uploads.get(key)?.start();
}

export function forget(key: number): void {
  void uploads.get(key)?.abort(true).catch(() => undefined);
  uploads.delete(key);
  plan.set({ sendings: plan.state.sendings.filter((one) => one.key !== key) });
}

function sendingFailure(error: unknown): string {
  const response = (error as { originalResponse?: { getStatus(): number; getBody(): string } | null }).originalResponse;
  if (!response) return wordsOf(new ApiError(0, 'network', ''));
  const problem = parsed(response.getBody());
  return wordsOf(new ApiError(response.getStatus(), problem.title ?? '', problem.detail ?? ''));
}

function parsed(body: string): { title?: string; detail?: string } {
  try {
    return JSON.parse(body) as { title?: string; detail?: string };
  } catch {
    return {};
  }
}

/** Asks after the job until it has ended; a server that is away for a while is waited for. */
async function follow(key: number, url: string): Promise<void> {
  let id: string | number | null = null;
  for (let failures = 0; failures < MOST_FAILURES;) {
    await rest();
    try {
      id ??= (await client.upload(url)).job_id;
      if (id === null) continue;
      const job = await client.job(id);
      failures = 0;
      change(key, { job });
      if (ended(job)) {
        await finish(key, job);
        return;
      }
    } catch (error) {
      failures += 1;
      if (failures === MOST_FAILURES || (error instanceof ApiError && [401, 403, 404].includes(error.status))) {
        change(key, { phase: 'failed', failure: wordsOf(error) });
        return;
      }
    }
  }
}

const rest = (): Promise<void> => new Promise((resolve) => { window.setTimeout(resolve, ASK_EVERY_MS); });

function ended({ state }: Job): boolean {
  return state === 'done' || state === 'refused' || state === 'failed';
}

async function finish(key: number, job: Job): Promise<void> {
  change(key, { phase: job.state === 'done' ? 'done' : job.state === 'refused' ? 'refused' : 'failed' });
  if (job.state === 'done' && job.model_id !== null && job.model_id !== undefined) await showPublished(job.model_id);
  else await loadModels();
}
