// SPDX-License-Identifier: Apache-2.0
/** What the planner's page shows now. */
import type { Job, Model, ModelDetail } from '../core/api';
import type { Description } from '../core/describe';
import { Store } from '../core/store';

/** Where a model is to stand: degrees, metres over the ellipsoid, degrees clockwise from north. */
export interface Placement { lon: number; lat: number; height: number; heading: number }

export interface Sending {
  key: number;
  name: string;
  size: number;
  sent: number;
  /** What is happening: bytes on the way, the server at work, or how it ended. */
  phase: 'sending' | 'stopped' | 'working' | 'done' | 'refused' | 'failed';
  job: Job | null;
  failure: string;
}

export interface PlanState {
  models: Model[] | null;
  modelsFailure: string;
  model: ModelDetail | null;
  modelFailure: string;
  storey: number | null;
  placement: Placement | null;
  /** The next click on the map sets the place. */
  placing: boolean;
  sendings: Sending[];
  card: { description: Description | null; busy: boolean; failure: string } | null;
  failedTilesets: string[];
}

export const plan = new Store<PlanState>({
  models: null, modelsFailure: '', model: null, modelFailure: '', storey: null, placement: null, placing: false,
  sendings: [], card: null, failedTilesets: [],
});
