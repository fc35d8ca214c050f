// SPDX-License-Identifier: Apache-2.0
/** What a steward asks of the server. */
import { get, send } from '../core/client';
import type {
  CodeForm, EventTypes, Issue, Issues, Kinds, Load, LoadDetail, Measure, NewToken, Pillar, Placement, Proposal, Reject, Scheme, Tokens,
} from './api';

const part = encodeURIComponent;

export const server = {
  loads: async (kind?: string, before?: number) => (await get<{ loads: Load[] }>('/loads', { kind, before, limit: 50 })).loads,
  load: (id: number) => get<LoadDetail>(`/loads/${id}`),
  rejects: async (id: number, limit: number) => (await get<{ rejects: Reject[] }>(`/loads/${id}/rejects`, { limit })).rejects,
  withdraw: async (id: number, preview: boolean) =>
    (await send<{ job_id: number }>('POST', `/loads/${id}/withdraw`, { preview })).job_id,
  kinds: () => get<Kinds>('/kinds'),
  loadChecked: async (upload: string) => (await send<{ job_id: number }>('POST', `${upload}/load`)).job_id,
  schemes: async () => (await get<{ schemes: Scheme[] }>('/schemes')).schemes,
  eventTypes: (scheme: string, q: string, after: string | undefined) =>
    get<EventTypes>('/event-types', { scheme: scheme || undefined, q: q || undefined, after, limit: 100 }),
  codeForms: async () => (await get<{ code_forms: CodeForm[] }>('/code-forms')).code_forms,
  pillars: async () => (await get<{ pillars: Pillar[] }>('/pillars')).pillars,
  enablePillar: (code: string, isEnabled: boolean) => send<unknown>('PUT', `/pillars/${part(code)}`, { is_enabled: isEnabled }),
  measures: async () => (await get<{ measures: Measure[] }>('/measures')).measures,
  issues: (kind: string, state: 'open' | 'resolved', offset: number) =>
    get<Issues>('/quality', { kind: kind || undefined, state, offset, limit: 50 }),
  resolve: (id: number) => send<Pick<Issue, 'id' | 'resolved_at'>>('POST', `/quality/${id}/resolve`),
  tokens: () => get<Tokens>('/tokens'),
  makeToken: async (wanted: NewToken) => (await send<{ token: string }>('POST', '/tokens', wanted)).token,
  revokeToken: (id: number) => send<null>('DELETE', `/tokens/${id}`),
  placements: (after: number) => get<{ placements: Placement[]; next: number | null }>('/placements', { after, limit: 50 }),
  proposals: (after: number) => get<{ proposals: Proposal[]; next: number | null }>('/proposals', { state: 'open', after, limit: 50 }),
  accept: (id: number, despiteChange: boolean) => send<unknown>('POST', `/proposals/${id}/accept`, { despite_change: despiteChange }),
  reject: (id: number, reason: string) => send<unknown>('POST', `/proposals/${id}/reject`, { reason }),
  decide: (id: number, decision: { confirm: number } | { reject: true }) => send<unknown>('POST', `/placements/${id}`, decision),
};
