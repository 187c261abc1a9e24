-- Invoices that a buyer issues for a seller (反向开票), and how much stands on them by month.

CREATE TABLE reverse_invoices (
  number      text PRIMARY KEY,
  kind        text NOT NULL,
  reddens     text,
  buyer_id    uuid NOT NULL,
  account_id  uuid NOT NULL,
  person_id   uuid,
  date        text NOT NULL,
  month       text NOT NULL,
  rule_id     uuid NOT NULL,
  sales       int4 NOT NULL,
  gross       int8 NOT NULL,
  vat         int8 NOT NULL,
  income_tax  int8 NOT NULL,
  total       int8 NOT NULL,
  seq         int8 NOT NULL,
  last_seq    int8 NOT NULL
);
CREATE INDEX reverse_invoices_seq ON reverse_invoices (seq);
CREATE INDEX reverse_invoices_account ON reverse_invoices (account_id, seq);
CREATE INDEX reverse_invoices_date ON reverse_invoices (date, seq);
CREATE INDEX reverse_invoices_person ON reverse_invoices (person_id) WHERE person_id IS NOT NULL;
COMMENT ON TABLE reverse_invoices IS 'One row an invoice, a red-letter one included, whose amounts are negative; minor units. Never changed.';
COMMENT ON COLUMN reverse_invoices.total IS 'Without VAT, on invoices of this seller in the twelve calendar months that end with that of the date, this one included.';

CREATE TABLE invoiced_months (
  id         text PRIMARY KEY,
  account_id uuid NOT NULL,
  month      text NOT NULL,
  sales      int8 NOT NULL,
  last_seq   int8 NOT NULL
);
COMMENT ON TABLE invoiced_months IS 'Of a seller and a calendar month, the sum of the invoices dated in it, without VAT, red-letter ones taken off.';
