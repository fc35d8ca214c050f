// SPDX-License-Identifier: Apache-2.0
/** What a steward asks of the server. */
import { get, getFile, send } from '../core/client';
import type {
  BusinessLayer, Certificate, CodeForm, DatasetDescription, Datasets, Definition, EventTypes, Figures, Goal, Issue, Issues, Kinds, LayerDescription,
  LayerVersion, Load, LoadDetail, Measure, NewToken, Pillar, Placement, ProfileFigure, Proposal, Reject, Scheme, Source, Targets, Tokens,
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
  changePillar: (code: string, change: Partial<Pick<Pillar, 'is_enabled' | 'title' | 'position'>>) => send<unknown>('PUT', `/pillars/${part(code)}`, change),
  measures: async () => (await get<{ measures: Measure[] }>('/measures')).measures,
  sources: async () => (await get<{ layers: Source[] }>('/measures/fields')).layers,
  figures: () => get<Figures>('/measures/figures'),
  /** What may be shown of the measures of a block's pillars. */
  profileFigures: async (block: string) =>
    (await get<{ pillars: { measures: ProfileFigure[] }[] }>(`/blocks/${part(block)}/profile`)).pillars.flatMap(({ measures }) => measures),
  define: (code: string, given: Definition) => send<unknown>('PUT', `/measures/${part(code)}`, given),
  giveUp: (code: string) => send<null>('DELETE', `/measures/${part(code)}`),
  targets: (block?: string) => get<Targets>('/targets', { block }),
  setTarget: (code: string, goal: Goal) => send<unknown>('PUT', `/targets/${part(code)}`, goal),
  dropTarget: (code: string) => send<null>('DELETE', `/targets/${part(code)}`),
  layers: async () => (await get<{ layers: BusinessLayer[] }>('/business-layers')).layers,
  describeLayer: (code: string, given: LayerDescription) => send<unknown>('PUT', `/business-layers/${part(code)}`, given),
  withdrawLayer: (code: string) => send<Certificate>('DELETE', `/business-layers/${part(code)}`),
  layerVersions: async (code: string) => (await get<{ versions: LayerVersion[] }>(`/business-layers/${part(code)}/versions`)).versions,
  datasets: (after?: number) => get<Datasets>('/datasets', { after }),
  describeDataset: (id: number, given: DatasetDescription) => send<unknown>('PUT', `/datasets/${id}`, given),
  /** The rows that a load or a checked upload turned away, by its path. */
  rejectedRows: (path: string) => getFile(`${path}/rejects.xlsx`),
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
