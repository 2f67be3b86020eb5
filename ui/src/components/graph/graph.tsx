// Persons and how they are connected, drawn: generations as columns, a line for each contact. Every node is a button: arrow keys go from one to the next, Enter opens.
// The page gives the words; the same in a table is the page's too, for who does not see the picture.
import { useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import '../words';
import { type GraphEdge, type GraphNode, kNodeHeight, kNodeWidth, type Layout, layoutOf, lineOf, neighbour } from './layout';
import './graph.css';

export interface DrawnNode extends GraphNode {
  title: string;
  sub: string;
  look: 'strong' | 'middle' | 'weak' | 'plain' | 'unseen' | 'event'; // case class in three steps of one hue; a contact; somebody not shown; an event
  root?: boolean;
}
export interface DrawnEdge extends GraphEdge {
  weak?: boolean; // dashed: not certain, or not shown
}

interface GraphProps {
  label: string;
  nodes: readonly DrawnNode[];
  edges: readonly DrawnEdge[];
  chosen: number | null;
  onChoose: (id: number) => void;
}

const kArrows = ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight'] as const;
const kTitleChars = 12, kSubChars = 22, kEdge = 4;
const cut = (text: string, most: number): string => ([...text].length > most ? [...text].slice(0, most - 1).join('') + '…' : text);

export function Graph({ label, nodes, edges, chosen, onChoose }: GraphProps): ReactNode {
  const { t } = useTranslation('parts');
  const layout = useMemo(() => layoutOf(nodes, edges), [nodes, edges]);
  const [held, setHeld] = useState<number | null>(null);
  const drawing = useRef<SVGSVGElement>(null);
  const stop = held !== null && layout.places.has(held) ? held : (chosen ?? nodes.find((n) => n.root)?.id ?? nodes[0]?.id ?? null);
  const focus = held ?? chosen;
  const press = (e: KeyboardEvent, id: number): void => {
    const key = kArrows.find((k) => k === e.key);
    if (!key && e.key !== 'Enter' && e.key !== ' ') return;
    e.preventDefault();
    if (!key) return onChoose(id);
    const next = neighbour(layout, edges, id, key);
    if (next !== null) drawing.current?.querySelector<SVGGElement>(`[data-node="${next}"]`)?.focus();
  };
  return (
    <figure className="gr">
      <div className="gr-scroll" tabIndex={-1}>
        <svg ref={drawing} role="group" aria-label={label} width={layout.width + 2 * kEdge} height={layout.height + 2 * kEdge} viewBox={`${-kEdge} ${-kEdge} ${layout.width + 2 * kEdge} ${layout.height + 2 * kEdge}`}>
          <Generations layout={layout} />
          {edges.map((edge, i) => (
            <path key={i} className="gr-edge" aria-hidden="true" data-weak={edge.weak} data-near={focus !== null && (edge.from === focus || edge.to === focus)} d={lineOf(layout, edge)} />
          ))}
          {nodes.map((node) => {
            const place = layout.places.get(node.id);
            return place ? (
              <g
                key={node.id} className="gr-node" data-node={node.id} data-look={node.look} role="button" tabIndex={node.id === stop ? 0 : -1} aria-pressed={node.id === chosen}
                aria-label={`${node.title} ${node.sub}`} transform={`translate(${place.x} ${place.y - kNodeHeight / 2})`}
                onClick={() => onChoose(node.id)} onKeyDown={(e) => press(e, node.id)} onFocus={() => setHeld(node.id)}
              >
                <rect width={kNodeWidth} height={kNodeHeight} rx={node.look === 'event' ? 0 : 8} />
                <text x="12" y="17">
                  {cut(node.title, kTitleChars)}
                </text>
                <text className="gr-sub" x="12" y="33">
                  {cut(node.sub, kSubChars)}
                </text>
              </g>
            ) : null;
          })}
        </svg>
      </div>
      <figcaption className="tk-sub">{t('graph.hint')}</figcaption>
    </figure>
  );
}

export function useGeneration(): (generation: number) => string {
  const { t } = useTranslation('parts');
  return (generation) => t(generation === 0 ? 'graph.root' : generation > 0 ? 'graph.generation' : 'graph.before', { n: Math.abs(generation) });
}

function Generations({ layout }: { layout: Layout }): ReactNode {
  const word = useGeneration();
  return layout.columns.map((column) => (
    <text key={column.generation} className="gr-gen" aria-hidden="true" x={column.x} y="14">
      {word(column.generation)}　{column.ids.length}
    </text>
  ));
}
