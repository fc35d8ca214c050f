// SPDX-License-Identifier: Apache-2.0
/** What the server answers to whoever looks after blocks. Areas in m², positions lon/lat (CRS84). */
import type { BlockName, Profile, Properties, PropertyDeclaration, Text, TwinFeature } from '../core/api';

export interface EditableField extends PropertyDeclaration { minimum: number | null; maximum: number | null }

/** A register, or a layer that is listed and corrected like one. */
export interface Register {
  name: string;
  layer: string;
  title: Text;
  properties: PropertyDeclaration[];
  editable: EditableField[];
  type: string | null;
}

export interface Registers { registers: Register[]; layers?: Register[] }

export interface EntryLine { id: number; place: [number, number] | null; properties: Properties }
/** `next` is where the next page begins: an id, or a link where entries were found by place, in `box`. */
export interface Entries { register: string; box?: string; entries: EntryLine[]; numberMatched: number; next: number | string | null }

export interface BuildingLine { id: number; code: string | null; name: string | null; use: string | null; storeys_above: number | null }

/** What is known about a park or a village; other layers have nothing here. */
export interface About {
  blocks?: BlockName[];
  meets?: { block_code: string; share: number }[];
  buildings?: { count: number; floor_area: number | null; shown: BuildingLine[] };
  units?: { count: number; uses: Record<string, number>; rented: number | null };
  firms?: number;
  rental_space?: { vacant_area: number; area: number; count: number } | null;
  inspections?: { count: number; last: string | null };
  surveys?: { id: number; title: string; title_en?: string | null; due: string; closed_at: string | null; required: number; answered: number; completeness: number }[];
}

export interface Entry { register: string; feature: TwinFeature & { id: number; properties: Properties }; version: string; about: About }
export interface TaggedEntry extends Entry { tag: string }

export interface Version {
  version: string;
  replaced_at: string | null;
  load_id: number | null;
  action: 'load' | 'edit' | 'restore' | 'proposal';
  role: string | null;
  reason: string | null;
  proposal_id: number | null;
  geometry_changed: boolean;
  changes: Record<string, { old: unknown; new: unknown }>;
}

export interface Space {
  id: number;
  building_code: string;
  storey_number: number | null;
  unit_code: string | null;
  area: number;
  use: string | null;
  state: 'vacant' | 'reserved' | 'let';
  available_from: string | null;
}

export interface Spaces { buildings: { building_code: string; spaces: number; area: number; vacant_area: number }[]; spaces: Space[] }

export type HazardAction = 'assign' | 'rectify' | 'verify' | 'return' | 'reject';

export interface Hazard {
  id: number;
  name: string;
  object_kind: string;
  object_id: number;
  hazard_kind: string;
  severity: number;
  state: string;
  description: string | null;
  organisation: string | null;
  due: string | null;
  block_code: string;
  found_at: string;
  is_overdue?: boolean;
}

export interface HazardStep { number: number; action: string; to: string; note: string | null; photos: string[]; role: string | null; at: string }
export interface HazardDetail { hazard: Hazard & { actions: HazardStep[] | null }; possible: HazardAction[] }
export interface NewStep { action: HazardAction; note?: string; organisation?: string; due?: string; photos: string[] }

export interface Survey {
  id: number;
  register: string;
  title: string;
  title_en: string | null;
  organisation: string | null;
  due: string;
  closed_at: string | null;
  objects_total: number;
  complete: number;
  incomplete: number;
  completeness: number | null;
}

/** A field or section of a round's form: JSON Schema, as far as the page can draw it. */
export interface FormField {
  title?: string;
  title_en?: string;
  description?: string;
  type?: string | string[];
  enum?: unknown[];
  items?: FormField;
  format?: string;
  maxLength?: number;
  properties?: Record<string, FormField>;
  required?: string[];
}

export interface Round extends Survey { form: FormField; required: number }

export interface SurveyResponse {
  answers: Properties;
  answered: number;
  required: number;
  completeness: number;
  recorded_at: string | null;
  role: string | null;
}

/** A version of what belongs to an entry: a place for rent, or the answers to a round. */
export interface PartVersion {
  version: string;
  action: 'add' | 'edit' | 'remove';
  role: string | null;
  changes: Record<string, { old: unknown; new: unknown }>;
}

/** What the server counted when spaces were replaced. */
export interface SpacesWritten { inserted: number; updated: number; removed: number; unchanged: number }
export type NewSpace = Omit<Space, 'id'>;
export type SpacePlace = Pick<Space, 'building_code' | 'storey_number' | 'unit_code'> & { is_there: boolean; versions: PartVersion[] };

export interface Owed {
  is_overdue: boolean;
  blocks: { block_code: string; name: string | null; objects_total: number; incomplete: number; completeness: number | null }[];
  objects: { id: number; code: string | null; name: string | null; block_code: string; missing: number; required: number; answered: number }[];
}

export interface Proposal {
  id: number;
  layer: string;
  feature_id: number;
  state: 'open' | 'accepted' | 'rejected' | 'withdrawn';
  reason: string;
  photos: string[];
  created_at: string;
  decided_at: string | null;
  decision: string | null;
  diff: Record<string, { old: unknown; new: unknown; now: unknown }>;
  block_code: string | null;
  own: boolean;
}

export interface UnitLine { id: number; room: string | null; code: string | null; use: string | null; floor_area: number | null; [more: string]: unknown }

export interface House {
  counts: { units: number; storeys: number; uses: Record<string, number>; occupancy?: Record<string, number>; residents?: number | string | null };
  storeys: { number: number | null; name: string | null; use: string | null; floor_area: number | null; units: UnitLine[] }[];
  persons: { note: Text };
}

export interface Candidate {
  kind: string;
  id: number | null;
  text: string;
  code: string | null;
  block_code: string | null;
  point: [number, number] | null;
  confidence: number;
}

export interface Located {
  match_level: string;
  confidence: number;
  block_code: string | null;
  chain: (BlockName & { level_name: Text })[];
  building: { id: number; name?: string | null; code?: string | null } | null;
  unit: { id: number } | null;
  address: { id: number; text?: string } | null;
  candidates: Candidate[];
  reason: Text | null;
}

export interface Trend { days?: number; value?: number | null; before?: number | null; change?: number | null }

export interface MeasureValue {
  code: string;
  title: Text;
  unit: string | null;
  value: number | null;
  shown: string | null;
  /** Why there is no value. */
  withheld?: Text | null;
  k: number | null;
  rank: { place: number; of: number } | null;
  trend?: Trend | null;
  /** Why there is no trend. */
  no_trend?: Text | null;
}

export interface BlockProfile extends Profile {
  limited_to: string[] | null;
  /** Figures of registers that are not told, by measure, with the reason. */
  withheld?: Record<string, Text>;
  pillars: { code: string; title: Text; is_base: boolean; note: Text | null; measures: MeasureValue[] }[];
  business: { code: string; title: Text; count: number }[];
}

export interface Target { code: string; title: Text; unit: string | null; goal: number; due_date: string | null; done: number; ratio: number }
