// SPDX-License-Identifier: Apache-2.0
/** The only door to the server: JSON in, JSON out, every failure an ApiError that a person can read. */
import type {
  Block, Collection, ElementDetail, FeaturePage, Job, Model, ModelDetail, Problem, Profile, Session, SignInWays, Tileset, TwinFeature, Upload,
} from './api';
import { language } from './i18n';

export class ApiError extends Error {
  /** `parameter` is the field of the request that is wrong, if the server names one. */
  constructor(readonly status: number, readonly title: string, readonly detail: string, readonly parameter = '',
    readonly problems: Problem[] = []) {
    super(detail === '' ? title : detail);
  }
}

type Query = Record<string, string | number | undefined>;
type Id = string | number;

export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('Accept-Language', language.state.code);
  headers.set('X-Requested-With', 'twin');
  let response: Response;
  try {
    response = await fetch(path, { credentials: 'same-origin', ...init, headers });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'network', '');
  }
  if (response.ok) return response;
  const problem = (await response.json().catch(() => ({}))) as { title?: string; detail?: unknown; parameter?: unknown; problems?: unknown };
  const detail = typeof problem.detail === 'string' ? problem.detail : '';
  const parameter = typeof problem.parameter === 'string' ? problem.parameter : '';
  throw new ApiError(response.status, problem.title ?? response.statusText, detail, parameter,
    Array.isArray(problem.problems) ? problem.problems as Problem[] : []);
}

export async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
  const url = search.size === 0 ? path : `${path}?${search.toString()}`;
  const response = await request(url, { headers: { Accept: 'application/json, application/geo+json' }, ...(signal && { signal }) });
  return (await response.json()) as T;
}

/** A file of the server. */
export async function getFile(path: string): Promise<Blob> {
  return (await request(path)).blob();
}

/** A write with a JSON body, if there is one; the answer is JSON, or nothing (204). */
export async function send<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const response = await request(path, {
    method, ...(body !== undefined && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  });
  return (response.status === 204 ? null : await response.json()) as T;
}

const part = (id: Id): string => encodeURIComponent(String(id));

export const client = {
  session: () => get<Session>('/session'),
  ways: () => get<SignInWays>('/sign-in'),
  signIn: async (given: Record<string, string>): Promise<void> => {
    await request('/session', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(given) });
  },
  signOut: async (): Promise<void> => {
    const response = await request('/session', { method: 'DELETE' });
    if (response.status === 204) return;
    const { end_session_url: place } = (await response.json()) as { end_session_url: string };
    location.assign(place); // the identity provider's own sign-out; the page is left, so nothing follows
    await new Promise(() => undefined);
  },
  // The catalogue of records is a collection as well, and no layer.
  collections: async () => (await get<{ collections: Collection[] }>('/collections')).collections.filter((one) => 'blocktwin' in one),
  features: (layer: string, query: Query, signal?: AbortSignal) =>
    get<FeaturePage>(`/collections/${part(layer)}/items`, query, signal),
  page: (href: string) => get<FeaturePage>(new URL(href, location.href).pathname + new URL(href, location.href).search),
  feature: (layer: string, id: Id) => get<TwinFeature>(`/collections/${part(layer)}/items/${part(id)}`),
  block: (code: string) => get<Block>(`/blocks/${part(code)}`),
  profile: (code: string) => get<Profile>(`/blocks/${part(code)}/profile`),
  tilesets: async () => (await get<{ tilesets: Tileset[] }>('/tilesets')).tilesets,
  models: async () => (await get<{ models: Model[] }>('/models')).models,
  model: (id: Id) => get<ModelDetail>(`/models/${part(id)}`),
  element: (model: Id, globalId: string) => get<ElementDetail>(`/models/${part(model)}/elements/${part(globalId)}`),
  job: (id: Id) => get<Job>(`/jobs/${part(id)}`),
  upload: (url: string) => get<Upload>(new URL(url, location.href).pathname),
  /** The bytes of a vector tile, or null where nothing lies. */
  tile: async (layer: string, z: number, row: number, column: number, signal?: AbortSignal): Promise<ArrayBuffer | null> => {
    const response = await request(`/collections/${part(layer)}/tiles/WebMercatorQuad/${z}/${row}/${column}`, signal ? { signal } : {});
    return response.status === 204 ? null : response.arrayBuffer();
  },
};
