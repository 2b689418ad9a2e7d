import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.util.Collector;

/**
 * Market spread, as examples/market-spread does it, with its layout. The key is read from the bytes, which travel as they are; the event
 * becomes an object where it is handled.
 */
class MarketSpread extends Measured<byte[]> {
    private static final int QUOTE = 2;

    public static class Market {
        public double bid;
        public double offer;
        public boolean open;
    }

    private record Order(
        int side, int account, byte[] id, String symbol, double quantity, double price, long timeMs) {}

    /** Four characters, as the one string that stands for them. */
    static class Symbols {
        private final Map<Integer, String> known = new HashMap<>();

        String read(byte[] event, int at) {
            int code = ByteBuffer.wrap(event).getInt(at);
            return known.computeIfAbsent(code, c -> new String(event, at, 4, StandardCharsets.US_ASCII));
        }
    }

    static class SymbolOf implements KeySelector<byte[], String> {
        private transient Symbols symbols;

        @Override
        public String getKey(byte[] event) {
            if (symbols == null) symbols = new Symbols();
            return symbols.read(event, event[0] == QUOTE ? 1 : 12);
        }
    }

    private transient ValueState<Market> markets;
    private transient Symbols symbols;
    private transient long day;
    private transient long dayMs;

    @Override
    public void open(OpenContext context) throws Exception {
        super.open(context);
        markets = getRuntimeContext().getState(new ValueStateDescriptor<>("market", Market.class));
        symbols = new Symbols();
    }

    @Override
    public void processElement(byte[] event, Context context, Collector<byte[]> out) throws Exception {
        Market market = markets.value();
        ByteBuffer buffer = ByteBuffer.wrap(event);
        if (event[0] == QUOTE) {
            if (market == null) market = new Market();
            double bid = buffer.getDouble(26);
            double offer = buffer.getDouble(34);
            double spread = offer - bid;
            market.bid = bid;
            market.offer = offer;
            market.open = spread < 0.05 && spread / ((bid + offer) / 2) < 0.05;
            markets.update(market);
        } else {
            Order order = order(event, buffer);
            if (market == null) out.collect(rejection(order, 0, 0));
            else if (!market.open) out.collect(rejection(order, market.bid, market.offer));
        }
        handledOne();
    }

    private Order order(byte[] event, ByteBuffer buffer) {
        byte[] id = new byte[6];
        System.arraycopy(event, 6, id, 0, 6);
        return new Order(
            event[1], buffer.getInt(2), id, symbols.read(event, 12), buffer.getDouble(16), buffer.getDouble(24), time(event, buffer, 32));
    }

    /** YYYYMMDD-HH:MM:SS.mmm in ms. Most times are of the same day as the one before. */
    private long time(byte[] event, ByteBuffer buffer, int at) {
        long here = buffer.getLong(at);
        if (here != day) {
            day = here;
            dayMs = LocalDate.of(digits(event, at, 4), digits(event, at + 4, 2), digits(event, at + 6, 2))
                .atStartOfDay(ZoneOffset.UTC)
                .toInstant()
                .toEpochMilli();
        }
        int seconds = digits(event, at + 9, 2) * 3600 + digits(event, at + 12, 2) * 60 + digits(event, at + 15, 2);
        return dayMs + seconds * 1000L + digits(event, at + 18, 3);
    }

    private static int digits(byte[] event, int at, int count) {
        int number = 0;
        for (int i = at; i < at + count; i++) number = number * 10 + event[i] - '0';
        return number;
    }

    private static byte[] rejection(Order order, double bid, double offer) {
        ByteBuffer buffer = ByteBuffer.allocate(55);
        buffer.put((byte) order.side).putInt(order.account).put(order.id);
        buffer.put(order.symbol.getBytes(StandardCharsets.US_ASCII));
        buffer.putDouble(order.quantity).putDouble(order.price).putDouble(bid).putDouble(offer).putLong(order.timeMs);
        return buffer.array();
    }
}
