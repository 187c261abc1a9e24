-- Tax on what people earn: rules as data, consents to reverse invoices, what was withheld.

CREATE TABLE tax_rules (
  id                uuid PRIMARY KEY,
  version           int4 NOT NULL UNIQUE,
  source            text NOT NULL,
  starts_at         int8 NOT NULL,
  currency          text NOT NULL,
  reverse_invoicing json,
  flat              json NOT NULL,
  seq               int8 NOT NULL,
  last_seq          int8 NOT NULL
);
CREATE INDEX tax_rules_seq ON tax_rules (seq);
CREATE TABLE tax_schedules (
  id       uuid PRIMARY KEY,
  starts   json NOT NULL,
  last_seq int8 NOT NULL
);
COMMENT ON TABLE tax_schedules IS 'One row: which tax rule starts when, so that the door finds the one in force.';

CREATE TABLE invoicing_consents (
  id         text PRIMARY KEY,
  account_id uuid NOT NULL,
  buyer_id   uuid NOT NULL,
  person_id  uuid,
  given      boolean NOT NULL,
  last_seq   int8 NOT NULL
);
CREATE INDEX invoicing_consents_account ON invoicing_consents (account_id);
CREATE INDEX invoicing_consents_person ON invoicing_consents (person_id) WHERE person_id IS NOT NULL;
COMMENT ON TABLE invoicing_consents IS 'Whether a seller agrees that a buyer of record issues the invoices of what they sell.';

CREATE TABLE tax_months (
  id         text PRIMARY KEY,
  account_id uuid NOT NULL,
  buyer_id   uuid NOT NULL,
  month      text NOT NULL,
  gross      int8 NOT NULL,
  vat        int8 NOT NULL,
  income_tax int8 NOT NULL,
  last_seq   int8 NOT NULL
);
CREATE INDEX tax_months_month ON tax_months (month, buyer_id);
COMMENT ON TABLE tax_months IS 'Of a seller, a buyer and a calendar month: what is to be invoiced, and what was withheld of it, in minor units.';

CREATE TABLE taxed_sales (
  id                  text PRIMARY KEY,
  subject_id          uuid NOT NULL,
  account_id          uuid NOT NULL,
  buyer_id            uuid NOT NULL,
  rule_id             uuid NOT NULL,
  month               text NOT NULL,
  gross               int8 NOT NULL CHECK (gross >= 0),
  vat                 int8 NOT NULL CHECK (vat >= 0),
  income_tax          int8 NOT NULL CHECK (income_tax >= 0),
  invoiced_gross      int8 NOT NULL CHECK (invoiced_gross >= 0),
  invoiced_vat        int8 NOT NULL CHECK (invoiced_vat >= 0),
  invoiced_income_tax int8 NOT NULL CHECK (invoiced_income_tax >= 0),
  invoice             text,
  flat                int8 NOT NULL CHECK (flat >= 0),
  way                 text NOT NULL,
  seq                 int8 NOT NULL,
  last_seq            int8 NOT NULL
);
CREATE INDEX taxed_sales_month ON taxed_sales (account_id, month, seq);
CREATE INDEX taxed_sales_invoice ON taxed_sales (invoice) WHERE invoice IS NOT NULL;
COMMENT ON TABLE taxed_sales IS 'Income of one account from one weigh-in or distribution of which tax was withheld, and what of it stands on invoices.';
