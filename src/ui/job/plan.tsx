// A job's graph: a box a vertex with what it does and how it fares, an edge with how records are shipped. It follows the window: from left to
// right where there is room, downwards where there is not, smaller down to what can still be read, and then it scrolls.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { JobDetails, Vertex } from '../answers.ts';
import { toneOf } from '../elements/badge.tsx';
import { Meter } from '../elements/meter.tsx';
import { TaskCounts } from '../elements/taskCounts.tsx';
import { count, NOTHING } from '../format.ts';
import { jobHref } from '../route.ts';
import { BOX, type GraphLayout, layoutOf } from './layout.ts';

/** Below this the graph goes downwards. */
const WIDE_PX = 700;
const MIN_SCALE = 0.7;

interface PlanProps {
  readonly job: JobDetails;
  readonly vertexId: string | null;
}

export function Plan({ job, vertexId }: PlanProps) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const direction = width < WIDE_PX ? 'TB' : 'LR';
  const shape = JSON.stringify([direction, job.plan.nodes.map(({ id, inputs }) => [id, inputs])]);
  // The plan comes anew each second, and is the same as long as its shape is.
  const layout = useMemo(() => layoutOf(job.plan.nodes, direction), [shape]);
  const scale = Math.min(1, Math.max(MIN_SCALE, width / Math.max(1, layout.width)));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard.
    <section class="plan scroll" aria-label="Graph of the job" tabIndex={0}>
      <div ref={frame} class="frame" style={{ height: `${layout.height * scale}px` }}>
        <div
          class="canvas"
          style={{ width: `${layout.width}px`, height: `${layout.height}px`, transform: `scale(${scale})` }}
        >
          <Edges layout={layout} vertexId={vertexId} />
          {job.vertices.map((vertex) => (
            <Box
              key={vertex.id}
              jobId={job.jid}
              vertex={vertex}
              place={layout.boxes.get(vertex.id) ?? { x: 0, y: 0 }}
              isChosen={vertex.id === vertexId}
            />
          ))}
        </div>
      </div>
    </section>
  );
}

function Edges({ layout, vertexId }: { readonly layout: GraphLayout; readonly vertexId: string | null }) {
  return (
    <svg width={layout.width} height={layout.height} aria-hidden="true">
      <defs>
        <marker
          id="arrow"
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="10"
          markerHeight="10"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path class="arrow" d="M0,0.5L7.5,4L0,7.5Z" />
        </marker>
      </defs>
      {layout.edges.map(({ key, from, to, path, label, x, y }) => (
        <g key={key} class={from === vertexId || to === vertexId ? 'near' : ''}>
          <path class="edge" d={path} marker-end="url(#arrow)" />
          <text x={x} y={y + 4} text-anchor="middle">
            {label}
          </text>
        </g>
      ))}
    </svg>
  );
}

interface BoxProps {
  readonly jobId: string;
  readonly vertex: Vertex;
  readonly place: { readonly x: number; readonly y: number };
  readonly isChosen: boolean;
}

/** Chosen by a link, and left by the same one. */
function Box({ jobId, vertex, place, isChosen }: BoxProps) {
  const { rates, tasks, name, parallelism } = vertex;
  return (
    <a
      class={`vertex tone-${toneOf(vertex.status)}`}
      href={jobHref(jobId, 'graph', isChosen ? null : vertex.id)}
      aria-current={isChosen ? 'true' : undefined}
      style={{ left: `${place.x}px`, top: `${place.y}px`, width: `${BOX.width}px`, height: `${BOX.height}px` }}
    >
      <span class="name" title={name}>
        {name.replaceAll(' -> ', ' → ')}
      </span>
      <span class="row">
        <span class="parallelism">×{parallelism}</span>
        <TaskCounts tasks={tasks} />
      </span>
      <Meter label="Busy" share={rates?.busy ?? null} warns />
      <Meter label="Back-pressured" share={rates?.backpressured ?? null} warns />
      <Records label="In" total={read(vertex, 'read-records')} perSecond={rates?.['records-in-per-second']} />
      <Records label="Out" total={read(vertex, 'write-records')} perSecond={rates?.['records-out-per-second']} />
    </a>
  );
}

interface RecordsProps {
  readonly label: string;
  readonly total: string;
  readonly perSecond: number | undefined;
}

function Records({ label, total, perSecond }: RecordsProps) {
  return (
    <span class="records">
      <span class="label">{label}</span>
      <span class="value">{total}</span>
      <span class="value">{perSecond === undefined ? '' : `${count(perSecond)}/s`}</span>
    </span>
  );
}

/** Nothing where nobody tells: counts are those of tasks that run. */
function read({ metrics }: Vertex, name: 'read-records' | 'write-records'): string {
  return metrics[name] === 0 && !metrics['read-records-complete'] ? NOTHING : count(metrics[name]);
}

function useWidth(element: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(() => document.documentElement.clientWidth);
  useEffect(() => {
    const frame = element.current?.parentElement;
    if (!frame) return;
    const observer = new ResizeObserver(() => setWidth(frame.clientWidth - paddingOf(frame)));
    observer.observe(frame);
    return () => observer.disconnect();
  }, [element]);
  return width;
}

function paddingOf(element: HTMLElement): number {
  const { paddingLeft, paddingRight } = getComputedStyle(element);
  return Number.parseFloat(paddingLeft) + Number.parseFloat(paddingRight);
}
