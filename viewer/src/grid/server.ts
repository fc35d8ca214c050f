// SPDX-License-Identifier: Apache-2.0
/** What whoever looks after blocks asks of the server. */
import type { Collection, FeaturePage, Properties, TwinFeature } from '../core/api';
import { get, request, send } from '../core/client';
import type {
  BlockProfile, Entries, Entry, Hazard, HazardDetail, House, Located, NewSpace, NewStep, Owed, PartVersion, Proposal, Registers, Round, SpacePlace,
  Spaces, SpacesWritten, Survey, SurveyResponse, TaggedEntry, Target, Version,
} from './api';

const part = encodeURIComponent;

/** Done once, however often it is sent with this key. */
async function sendOnce<T>(path: string, body: unknown, once: string): Promise<T> {
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': once };
  return (await (await request(path, { method: 'POST', headers, body: JSON.stringify(body) })).json()) as T;
}

/** Ids that one request may name. */
export const MOST_EXPORTED = 1000;

export interface Narrowing { q: string; filter: string; sort: string; block: string }

/** The search of a list as a query; its conditions are lines. */
function asQuery({ q, filter, sort, block }: Narrowing, more: Record<string, string | number>): string {
  const query = new URLSearchParams();
  if (q !== '') query.set('q', q);
  if (block !== '') query.set('block', block);
  if (sort !== '') query.set('sort', sort);
  for (const condition of filter.split('\n').filter((line) => line !== '')) query.append('filter', condition);
  for (const [name, value] of Object.entries(more)) query.set(name, String(value));
  return query.toString();
}

async function readEntry(register: string, id: number): Promise<TaggedEntry> {
  const response = await request(`/registers/${part(register)}/${id}`, { headers: { Accept: 'application/json' }, cache: 'no-store' });
  return { ...(await response.json()) as Entry, tag: response.headers.get('ETag') ?? '' };
}

async function patch(register: string, id: number, tag: string, changes: Record<string, unknown>, reason: string): Promise<void> {
  await request(`/registers/${part(register)}/${id}`, {
    method: 'PATCH', headers: { 'Content-Type': 'application/json', 'If-Match': tag },
    body: JSON.stringify({ changes, ...(reason !== '' && { reason }) }),
  });
}

/** An earlier version comes back as a new one, over the version that was read. */
async function restore(register: string, id: number, tag: string, version: string, reason: string): Promise<void> {
  await request(`/registers/${part(register)}/${id}/restore`, {
    method: 'POST', headers: { 'Content-Type': 'application/json', 'If-Match': tag },
    body: JSON.stringify({ version, ...(reason !== '' && { reason }) }),
  });
}

/** The picture itself is the body; what comes back is what it is called from then on. */
async function sendPhoto(photo: Blob): Promise<string> {
  const response = await request('/photos', { method: 'POST', headers: { 'Content-Type': photo.type || 'application/octet-stream' }, body: photo });
  return ((await response.json()) as { photo: string }).photo;
}

async function download(path: string, name: string): Promise<void> {
  const response = await request(path);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await response.blob());
  link.download = name;
  link.click();
  window.setTimeout(() => { URL.revokeObjectURL(link.href); }, 60_000);
}

/** Entries by place, whatever block they are in: `box` is west,south,east,north. */
async function entriesIn(register: { name: string; layer: string }, box: string, href: string | null, limit: number): Promise<Entries> {
  const page = href === null
    ? await get<FeaturePage & { numberMatched?: number }>(`/collections/${part(register.layer)}/items`, { bbox: box, limit, count: 'exact' })
    : await get<FeaturePage & { numberMatched?: number }>(new URL(href, location.href).pathname + new URL(href, location.href).search);
  return {
    register: register.name, box, numberMatched: page.numberMatched ?? page.features.length, next: page.links?.find(({ rel }) => rel === 'next')?.href ?? null,
    entries: page.features.map(({ id, properties }) => ({ id: Number(id), place: null, properties: properties ?? {} })),
  };
}

export const server = {
  registers: () => get<Registers>('/registers'),
  // The catalogue of records is a collection as well, and no layer.
  collections: async () => (await get<{ collections: Collection[] }>('/collections')).collections.filter((one) => 'blocktwin' in one),
  profile: (code: string, asOf: string) => get<BlockProfile>(`/blocks/${part(code)}/profile`, { as_of: asOf || undefined }),
  targets: async (block: string, asOf: string) => (await get<{ targets: Target[] }>('/targets', { block, as_of: asOf || undefined })).targets,
  locate: (query: Record<string, string | number>, signal?: AbortSignal) => get<Located>('/locate', query, signal),
  entries: (register: string, narrowed: Narrowing, after: number | string, limit: number) =>
    get<Entries>(`/registers/${part(register)}?${asQuery(narrowed, { after, limit })}`),
  entriesIn,
  exportIn: async (register: { name: string; layer: string }, box: string, form: string) => {
    const { entries } = await entriesIn(register, box, null, MOST_EXPORTED);
    await download(`/registers/${part(register.name)}/export?${new URLSearchParams({ ids: entries.map(({ id }) => id).join(','), f: form }).toString()}`, `${register.name}.${form}`);
  },
  export: (register: string, narrowed: Narrowing, form: string) =>
    download(`/registers/${part(register)}/export?${asQuery({ ...narrowed, sort: '' }, { f: form })}`, `${register}.${form}`),
  entry: readEntry,
  feature: (layer: string, id: number, asOf: string) =>
    get<TwinFeature>(`/collections/${part(layer)}/items/${id}`, { as_of: asOf || undefined }),
  versions: async (register: string, id: number) =>
    (await get<{ versions: Version[] }>(`/registers/${part(register)}/${id}/history`)).versions,
  patch,
  spaces: (id: number) => get<Spaces>(`/registers/parks/${id}/spaces`),
  putSpaces: (id: number, spaces: NewSpace[]) => send<SpacesWritten>('PUT', `/registers/parks/${id}/spaces`, { spaces }),
  spaceVersions: async (id: number) => (await get<{ places: SpacePlace[] }>(`/registers/parks/${id}/spaces/history`)).places,
  restore,
  house: (id: number) => get<House>(`/buildings/${id}/units`),
  sendPhoto,
  propose: (layer: string, id: number, changes: Record<string, unknown>, reason: string, photos: string[], once: string) =>
    sendOnce<{ id: number }>('/proposals', { layer, feature_id: id, changes, reason, photos }, once),
  proposals: (query: Record<string, string | number | undefined>) =>
    get<{ proposals: Proposal[]; next: number | null }>('/proposals', query),
  withdraw: (id: number) => send<unknown>('POST', `/proposals/${id}/withdraw`),
  hazards: (query: Record<string, string | number | undefined>) => get<{ hazards: Hazard[]; next: number | null }>('/hazards', query),
  hazard: (id: number) => get<HazardDetail>(`/hazards/${id}`),
  report: (object: string, id: number, hazard: { hazard_kind: string; severity: number; description: string; photos: string[] }, once: string) =>
    sendOnce<{ id: number; name: string }>('/hazards', { object, object_id: id, ...hazard }, once),
  step: (id: number, step: NewStep) => send<unknown>('POST', `/hazards/${id}/actions`, step),
  surveys: async () => (await get<{ surveys: Survey[] }>('/surveys', { is_open: 'true' })).surveys,
  round: (id: number) => get<Round>(`/surveys/${id}`),
  response: (round: number, object: number) => get<SurveyResponse>(`/surveys/${round}/responses/${object}`),
  answer: (round: number, object: number, answers: Properties) =>
    send<{ answered: number; required: number; completeness: number }>('PUT', `/surveys/${round}/responses/${object}`, { answers }),
  responseVersions: async (round: number, object: number) =>
    (await get<{ versions: PartVersion[] }>(`/surveys/${round}/responses/${object}/history`)).versions,
  owed: (id: number, block: string, level: number) => get<Owed>(`/surveys/${id}/owed`, { block: block || undefined, level }),
};
