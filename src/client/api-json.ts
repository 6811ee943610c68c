// What commands and programs read of the API’s replies.

export interface ModelJson {
  readonly id: string;
  readonly task: string | null;
  readonly version: number | null;
  readonly versions: readonly number[];
  readonly ready: boolean;
  readonly error: string | null;
  readonly no_sequence_view: string | null;
}

export interface ModelDetailsJson extends ModelJson {
  readonly description: string;
  readonly causal: boolean | null;
  readonly parameters: number | null;
  readonly weight_bytes: number | null;
  readonly state_floats: number | null;
  readonly layers: readonly {
    readonly name: string;
    readonly type: string;
    readonly detail: string;
    readonly width: number;
  }[];
  readonly kernel: { readonly path: string; readonly reason: string };
  readonly inputs: {
    readonly kind: 'text' | 'numeric';
    readonly size: number;
    readonly vocabulary?: string;
    readonly features?: readonly string[];
  } | null;
  readonly labels: readonly string[] | null;
  /** A body that the model answers; null where none can be made. */
  readonly example: object | null;
}

export interface SessionJson {
  readonly id: string;
  readonly model: string;
  readonly version: number;
  readonly position: number;
  readonly ttl_s: number;
  readonly durable: boolean;
  readonly keep_steps: number;
  readonly state_bytes: number;
  readonly marks: readonly { readonly name: string; readonly position: number }[];
}

export interface JobJson {
  readonly id: string;
  readonly status: string;
  readonly task: string;
  readonly model: string;
  readonly published: string | null;
  readonly progress: { readonly step: number; readonly steps: number; readonly loss: number } | null;
  readonly metrics: Readonly<Record<string, number>>;
  readonly best_step: number | null;
  readonly error: { readonly message: string } | null;
}

export interface ListJson<Item> {
  readonly data: readonly Item[];
  readonly has_more?: boolean;
}
