import { type Spread, spreadText } from './spread.js';

/** A row of the table at the end. */
export interface Finding {
  readonly what: string;
  readonly measured: string;
  /** In words; undefined: nobody wants anything of it. */
  readonly wanted?: string;
  readonly isReached?: boolean;
}

/** What comes beside it: what the ratio is made of. */
export function atMost(what: string, value: number | Spread, limit: number, beside = '', unit = ''): Finding {
  const isReached = medianOf(value) <= limit;
  return { what, measured: measuredText(value, unit, beside), wanted: `at most ${limit}${unit}`, isReached };
}

export function atLeast(what: string, value: number | Spread, limit: number, beside = '', unit = ''): Finding {
  const isReached = medianOf(value) >= limit;
  return { what, measured: measuredText(value, unit, beside), wanted: `at least ${limit}${unit}`, isReached };
}

export function told(what: string, value: number | Spread, beside = '', unit = ''): Finding {
  return { what, measured: measuredText(value, unit, beside) };
}

/** As it stands in the README. */
export const TABLE_HEAD = ['| | measured | wanted | reached |', '| --- | --- | --- | --- |'] as const;

export function tableRows(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ what, measured, wanted = '', isReached }) => {
    const reached = isReached === undefined ? '' : isReached ? 'yes' : '**no**';
    return `| ${what} | ${measured} | ${wanted} | ${reached} |`;
  });
}

function measuredText(value: number | Spread, unit: string, beside: string): string {
  const text = typeof value === 'number' ? plainNumber(value) : spreadText(value);
  return `${text}${unit}${beside === '' ? '' : `: ${beside}`}`;
}

function plainNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}

function medianOf(value: number | Spread): number {
  return typeof value === 'number' ? value : value.median;
}
