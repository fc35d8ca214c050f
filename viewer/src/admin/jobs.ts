// SPDX-License-Identifier: Apache-2.0
/** Follows a job until it has ended; a server that is away for a while is waited for. */
import type { Job } from '../core/api';
import { ApiError, client } from '../core/client';

const ASK_EVERY_MS = 700;
const MOST_FAILURES = 20;
const FINAL = [401, 403, 404];

export async function followJob(id: number | string, onProgress: (job: Job) => void): Promise<Job> {
  for (let failures = 0; ;) {
    try {
      const job = await client.job(id);
      failures = 0;
      onProgress(job);
      if (job.state !== 'queued' && job.state !== 'running') return job;
    } catch (error) {
      failures += 1;
      if (failures === MOST_FAILURES || (error instanceof ApiError && FINAL.includes(error.status))) throw error;
    }
    await new Promise((resolve) => { window.setTimeout(resolve, ASK_EVERY_MS); });
  }
}
