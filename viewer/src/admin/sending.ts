// SPDX-License-Identifier: Apache-2.0
/** A file of data on its way in: sent, checked with nothing written, looked at by a person, and then loaded. */
import { Upload } from 'tus-js-client';
import type { Job } from '../core/api';
import { ApiError, client } from '../core/client';
import { wordsOf } from '../core/failure';
import { language } from '../core/i18n';
import { Store } from '../core/store';
import type { LoadReport } from './api';
import { followJob } from './jobs';
import { server } from './server';
import { changed } from './state';

const CHUNK_BYTES = 8 * 1024 * 1024;

export type Phase = 'sending' | 'checking' | 'checked' | 'loading' | 'loaded' | 'refused' | 'failed';

export interface Sending {
  key: number;
  name: string;
  kind: string;
  size: number;
  sent: number;
  phase: Phase;
  job: Job | null;
  failure: string;
}

export const sendings = new Store<{ list: Sending[] }>({ list: [] });

const uploads = new Map<number, Upload>();
let lastKey = 0;

function change(key: number, patch: Partial<Sending>): void {
  sendings.set({ list: sendings.state.list.map((one) => (one.key === key ? { ...one, ...patch } : one)) });
}

export const reportOf = ({ job }: Sending): LoadReport | null => job?.report ?? null;

/** Sends a file to be checked. `options` go with it as the server names them. */
export function check(file: File, kind: string, options: Readonly<Record<string, string>>): void {
  const key = ++lastKey;
  const { name, size } = file;
  sendings.set({ list: [{ key, name, kind, size, sent: 0, phase: 'sending', job: null, failure: '' }, ...sendings.state.list] });
  const upload = new Upload(file, {
    endpoint: '/uploads',
    chunkSize: CHUNK_BYTES,
    retryDelays: [0, 1_000, 3_000, 8_000, 15_000],
    storeFingerprintForResuming: false, // the same file may be sent again with another CRS
    headers: { 'X-Requested-With': 'twin', 'Accept-Language': language.state.code },
    metadata: { ...options, filename: name, kind, check: 'true' },
    onProgress: (sent) => { change(key, { sent }); },
    onError: (error) => { change(key, { phase: 'failed', failure: sendingFailure(error) }); },
    onSuccess: () => { void follow(key, 'checking', checkOf(upload)); },
  });
  uploads.set(key, upload);
  upload.start();
}

/** Loads what was checked: the same bytes, with the same options. */
export function load(key: number): void {
  const path = pathOf(uploads.get(key));
  void follow(key, 'loading', server.loadChecked(path));
}

/** Where the server has its bytes. */
export const uploadPath = (key: number): string => pathOf(uploads.get(key));

/** Takes it off the list, and its bytes off the server. */
export function forget(key: number): void {
  void uploads.get(key)?.abort(true).catch(() => undefined);
  uploads.delete(key);
  sendings.set({ list: sendings.state.list.filter((one) => one.key !== key) });
}

const pathOf = (upload: Upload | undefined): string => new URL(upload?.url ?? '', location.href).pathname;

async function checkOf(upload: Upload): Promise<number | string> {
  const { job_id } = await client.upload(pathOf(upload));
  if (job_id === null) throw new ApiError(0, 'network', '');
  return job_id;
}

async function follow(key: number, phase: 'checking' | 'loading', begun: Promise<number | string>): Promise<void> {
  change(key, { phase, job: null, failure: '' });
  try {
    const job = await followJob(await begun, (now) => { change(key, { job: now }); });
    if (job.state === 'done') change(key, { phase: phase === 'checking' ? 'checked' : 'loaded' });
    else change(key, { phase: job.state === 'refused' ? 'refused' : 'failed' });
    if (phase === 'loading') changed();
  } catch (error) {
    change(key, { phase: 'failed', failure: wordsOf(error) });
  }
}

function sendingFailure(error: unknown): string {
  const response = (error as { originalResponse?: { getStatus(): number; getBody(): string } | null }).originalResponse;
  if (!response) return wordsOf(new ApiError(0, 'network', ''));
  let problem: { title?: string; detail?: string } = {};
  try {
    problem = JSON.parse(response.getBody()) as typeof problem;
  } catch {
    // an answer of something between us and the server
  }
  return wordsOf(new ApiError(response.getStatus(), problem.title ?? '', problem.detail ?? ''));
}
