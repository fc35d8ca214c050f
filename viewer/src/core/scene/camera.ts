// SPDX-License-Identifier: Apache-2.0
/** Where the camera stands, and how it gets there. */
import { BoundingSphere, Cartesian3, HeadingPitchRange, Math as Angle, PerspectiveFrustum, type Scene } from '@cesium/engine';
import type { BBox } from '../api';

const still = window.matchMedia('(prefers-reduced-motion: reduce)');
const METRES_PER_DEGREE = 111_320;
/** Where each scene's camera is on its way to. */
const flights = new WeakMap<Scene, Cartesian3>();

export interface View { lon: number; lat: number; height: number; heading: number; pitch: number }

/** What panels leave free of the canvas: a share of its width in the middle, and from where to where in −1…1 of its height. */
export interface FreeArea { width: number; top: number; bottom: number }

export function flyToBBox(scene: Scene, bbox: BBox, free: FreeArea, seconds = 1.4, pitchDegrees = -50): void {
  const [west, south, east, north] = bbox;
  const [lon, lat] = [(west + east) / 2, (south + north) / 2];
  const halfWidth = Math.max(60, ((east - west) / 2) * METRES_PER_DEGREE * Math.cos(Angle.toRadians(lat)));
  const halfDepth = Math.max(60, ((north - south) / 2) * METRES_PER_DEGREE);
  const { range, shift } = fit(halfWidth, halfDepth, Angle.toRadians(-pitchDegrees), free, halfAngles(scene));
  flyToPlace(scene, [lon, lat + shift / METRES_PER_DEGREE, 0], { heading: 0, pitch: pitchDegrees, range }, seconds);
}

/** The nearest range from which a flat box fits the free area, and how far north of its middle to look. Metres, radians. */
function fit(
  halfWidth: number, halfDepth: number, pitch: number, free: FreeArea, { tanX, tanY }: { tanX: number; tanY: number },
): { range: number; shift: number } {
  const height = (northing: number, range: number): number =>
    (northing * Math.sin(pitch)) / ((range + northing * Math.cos(pitch)) * tanY);
  const shiftFor = (range: number): number => {
    let [low, high] = [-halfDepth * 3, halfDepth * 3];
    for (let round = 0; round < 40; round += 1) {
      const middle = (low + high) / 2;
      const nearest = range + (-halfDepth - middle) * Math.cos(pitch);
      const centre = height(halfDepth - middle, range) + height(-halfDepth - middle, range);
      if (nearest <= 0 || centre < free.top + free.bottom) high = middle;
      else low = middle;
    }
    return (low + high) / 2;
  };
  let [near, far] = [halfDepth, (halfWidth + halfDepth) * 40];
  for (let round = 0; round < 40; round += 1) {
    const range = (near + far) / 2;
    const shift = shiftFor(range);
    const nearest = range + (-halfDepth - shift) * Math.cos(pitch);
    const fits = nearest > 0 && height(halfDepth - shift, range) <= free.top && height(-halfDepth - shift, range) >= free.bottom
      && halfWidth / (nearest * tanX) <= free.width;
    if (fits) far = range;
    else near = range;
  }
  return { range: far, shift: shiftFor(far) };
}

export function flyToPlace(
  scene: Scene, place: readonly [number, number, number],
  from: { heading: number; pitch: number; range: number }, seconds = 1.4,
): void {
  const centre = Cartesian3.fromDegrees(...place);
  const offset = new HeadingPitchRange(Angle.toRadians(from.heading), Angle.toRadians(from.pitch), from.range);
  const landed = leave(scene, centre);
  scene.camera.flyToBoundingSphere(new BoundingSphere(centre, 1), {
    offset, duration: still.matches ? 0 : seconds, complete: landed, cancel: landed,
  });
  scene.requestRender();
}

/** Marks the camera as on its way; what it gives back is to be called on arrival, and counts once that view was drawn. */
function leave(scene: Scene, target: Cartesian3): () => void {
  flights.set(scene, target);
  return () => {
    const stop = scene.postRender.addEventListener(() => {
      stop();
      if (flights.get(scene) === target) flights.delete(scene);
    });
    scene.requestRender();
  };
}

export function isFlying(scene: Scene): boolean {
  return flights.has(scene);
}

export function viewOf(scene: Scene): View {
  const { positionCartographic: at, heading, pitch } = scene.camera;
  return {
    lon: Angle.toDegrees(at.longitude), lat: Angle.toDegrees(at.latitude), height: at.height,
    heading: Angle.toDegrees(heading), pitch: Angle.toDegrees(pitch),
  };
}

export function setView(scene: Scene, view: View): void {
  const destination = Cartesian3.fromDegrees(view.lon, view.lat, view.height);
  const arrived = leave(scene, destination);
  scene.camera.cancelFlight();
  scene.camera.setView({
    destination, orientation: { heading: Angle.toRadians(view.heading), pitch: Angle.toRadians(view.pitch), roll: 0 },
  });
  arrived();
}

/** Arrow keys pan, + and − come nearer and go back, [ and ] turn: for whoever has no mouse. True when the key was used. */
export function moveByKey(scene: Scene, key: string): boolean {
  const { camera } = scene;
  const step = Math.max(10, camera.positionCartographic.height * 0.12);
  switch (key) {
    case 'ArrowLeft': camera.moveLeft(step); break;
    case 'ArrowRight': camera.moveRight(step); break;
    case 'ArrowUp': panForward(scene, step); break;
    case 'ArrowDown': panForward(scene, -step); break;
    case '+': case '=': camera.moveForward(step * 1.5); break;
    case '-': camera.moveBackward(step * 1.5); break;
    case '[': camera.lookLeft(Angle.toRadians(6)); break;
    case ']': camera.lookRight(Angle.toRadians(6)); break;
    default: return false;
  }
  scene.requestRender();
  return true;
}

/** Along the ground, not into it. */
function panForward(scene: Scene, step: number): void {
  const { camera } = scene;
  const up = Cartesian3.normalize(camera.positionWC, new Cartesian3());
  const along = Cartesian3.cross(up, camera.rightWC, new Cartesian3());
  camera.move(along, step);
}

function halfAngles(scene: Scene): { tanX: number; tanY: number } {
  const { frustum } = scene.camera;
  const aspect = scene.canvas.clientWidth / Math.max(1, scene.canvas.clientHeight);
  const wide = Math.tan((frustum instanceof PerspectiveFrustum ? frustum.fov ?? Math.PI / 3 : Math.PI / 3) / 2);
  return aspect >= 1 ? { tanX: wide, tanY: wide / aspect } : { tanX: wide * aspect, tanY: wide };
}
