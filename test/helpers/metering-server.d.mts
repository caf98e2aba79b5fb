/** What a server has billed. */
export interface Meter {
  readonly requests: number;
  readonly billed: Readonly<Record<string, number>>;
  /** What one answer to each prompt takes. */
  readonly once: Readonly<Record<string, { readonly promptTokens: number; readonly tokens: number }>>;
  readonly promptTokens: number;
  readonly tokens: number;
  readonly out: number;
  readonly most: number;
  readonly keys: Readonly<Record<string, number>>;
}

export interface Told {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly hang?: boolean;
  readonly cut?: boolean;
  readonly raw?: string;
  readonly text?: string;
  readonly tokens?: number;
  readonly finish?: string;
  readonly otherId?: string;
}

export interface MeterBody {
  readonly messages?: readonly { readonly role: string; readonly content: string }[];
  readonly prompt?: string;
  readonly max_tokens: number;
  readonly [name: string]: unknown;
}

export interface MeterOptions {
  readonly reply?: string | ((prompt: string, body: MeterBody) => string);
  readonly latency?: readonly [number, number];
  readonly faults?: number;
  readonly limited?: number;
  readonly capacity?: number;
  readonly seed?: number;
  readonly port?: number;
  readonly script?: (
    number: number,
    body: MeterBody,
    request: { readonly headers: Readonly<Record<string, string | undefined>> },
  ) => Told | null;
}

export function startMeter(options?: MeterOptions): Promise<{
  readonly endpoint: string;
  readonly port: number;
  readonly meter: Meter;
  close(): Promise<void>;
}>;
