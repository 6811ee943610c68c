import { Option, type Command } from 'commander';
import { describeConfig, readConfig, type Config, type Setting } from '../config.ts';
import { removeServiceVariables } from '../service-variables.ts';
import { readSettingsFile, settingsFile, toFileKey } from './settings-file.ts';

// Options of commands for settings, from the table in config.ts: UNROLL_MAX_STEPS is --max-steps. An option comes before
// the environment, and that before the settings file.

export type SettingKey = keyof Config;

/** What a command was given, by commander: --max-steps is maxSteps. */
type Options = Readonly<Record<string, unknown>>;

export interface ReadSettings {
  readonly config: Config;
  /** Variables that Kubernetes set for a Service, and that look like settings. */
  readonly ignored: readonly string[];
}

export interface SettingOptions {
  /** Adds the options, and --config for another settings file. */
  add(command: Command): Command;
  /** @throws ConfigError naming each invalid setting by where it was given */
  read(options: Options, environment?: NodeJS.ProcessEnv): ReadSettings;
}

/** Those that only commands read which call a server. */
const clientKeys: readonly string[] = ['API_KEY', 'SERVER', 'MAX_MODEL_BYTES'] satisfies SettingKey[];

const described = describeConfig();

/** All settings of a server. */
export const serverKeys = described
  .map(({ key }) => key as SettingKey)
  .filter((key) => !clientKeys.includes(key));

const toFlag = (key: string): string => `--${key.toLowerCase().replaceAll('_', '-')}`;
const toAttribute = (key: string): string => new Option(`${toFlag(key)} <value>`).attributeName();

/**
 * Creates the options of some settings.
 * @param defaults values of settings that are not given, in place of the table's
 */
export function settingOptions(
  keys: readonly SettingKey[],
  defaults: Readonly<Partial<Record<SettingKey, string>>> = {},
): SettingOptions {
  return {
    add(command) {
      for (const setting of described)
        if (keys.includes(setting.key as SettingKey))
          for (const option of toOptions(setting)) command.addOption(option);
      return command.addOption(
        new Option('--config <file>', `file of settings; ${settingsFile} by default`).helpGroup(
          settingsHeading,
        ),
      );
    },
    read(options, environment = process.env) {
      const flags = Object.fromEntries(
        keys.flatMap((key) => {
          // commander gives false for --no-watch
          const value = options[toAttribute(key)] as string | boolean | undefined;
          return value === undefined ? [] : [[key, String(value)]];
        }),
      );
      const { own, removed } = removeServiceVariables(environment);
      const { config: path } = options as { readonly config?: string };
      const file = readSettingsFile(path);
      const isSet = (key: string): boolean => (own[`UNROLL_${key}`] ?? '') !== '';
      const nameSetting = (key: string): string =>
        Object.hasOwn(flags, key)
          ? toFlag(key)
          : Object.hasOwn(file, key) && !isSet(key)
            ? `${path ?? settingsFile}: ${toFileKey(key)}`
            : `UNROLL_${key}`;
      const variables = Object.entries(own).filter(([, value]) => value !== '');
      const layers = { ...withPrefix(defaults), ...withPrefix(file), ...Object.fromEntries(variables) };
      return { config: readConfig({ ...layers, ...withPrefix(flags) }, nameSetting), ignored: removed };
    },
  };
}

const settingsHeading = 'Settings (option, else UNROLL_ variable, else settings file):';

const withPrefix = (
  values: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [`UNROLL_${key}`, value]));

function toOptions({ key, meaning, allowed, default: value }: Setting): Option[] {
  const flag = toFlag(key);
  const shown = `${meaning} (${allowed}${value === '' ? '' : `; ${value}`})`;
  if (allowed !== 'true or false') return [new Option(`${flag} <value>`, shown).helpGroup(settingsHeading)];
  return [
    new Option(`${flag} [true|false]`, shown).preset('true').helpGroup(settingsHeading),
    new Option(flag.replace('--', '--no-'), `${flag} false`).hideHelp(),
  ];
}
